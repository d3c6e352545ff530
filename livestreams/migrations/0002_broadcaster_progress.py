from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("livestreams", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="broadcast", name="picture_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="take", name="duration_ms", field=models.BigIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="take", name="finished_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddIndex(
            model_name="take",
            index=models.Index(
                fields=["id"], name="take_unfinished", condition=models.Q(("finished_at", None))
            ),
        ),
    ]
