"""When a show was announced, what its calendar entry's version is, and of which beginning people were told."""

from django.db import migrations, models

ANNOUNCED = ("scheduled", "live", "interrupted", "ended")


def note_announced(apps, schema_editor):
    """What is public was announced at the latest when it was made public; nobody noted when."""
    sessions = apps.get_model("livestreams", "LiveSession").objects
    sessions.filter(status__in=ANNOUNCED).update(announced_at=models.F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("livestreams", "0004_what_sends_over_rtmp")]

    operations = [
        migrations.AddField(
            model_name="livesession",
            name="announced_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="livesession",
            name="reminded_for",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="livesession",
            name="revision",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="reminder",
            index=models.Index(fields=["session", "id"], name="reminders_of_session"),
        ),
        migrations.RemoveConstraint(model_name="sessionseries", name="series_count_bounded"),
        migrations.AddConstraint(
            model_name="sessionseries",
            constraint=models.CheckConstraint(
                name="series_count_bounded", condition=models.Q(count__gte=2, count__lte=60)
            ),
        ),
        migrations.RunPython(note_announced, migrations.RunPython.noop),
    ]
