from django.db import migrations, models


class Migration(migrations.Migration):
    """Who bought from a deal whose goods were not pinned finds the second at which it began."""

    dependencies = [("livestreams", "0008_gifts_in_replays")]

    operations = [
        migrations.AddField(
            model_name="flashdeal",
            name="media_time_ms",
            field=models.BigIntegerField(blank=True, null=True),
        ),
    ]
