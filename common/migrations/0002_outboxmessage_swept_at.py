from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("common", "0001_initial")]

    operations = [
        migrations.AddField("outboxmessage", "swept_at", models.DateTimeField(blank=True, null=True)),
    ]
