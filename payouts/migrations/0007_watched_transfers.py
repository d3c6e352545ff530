"""When a transfer that was paid was last asked about."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payouts", "0006_runs")]

    operations = [
        migrations.AddField(
            model_name="payouttransfer",
            name="watched_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
