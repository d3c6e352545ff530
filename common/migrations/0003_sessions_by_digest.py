from django.db import migrations


class Migration(migrations.Migration):
    """Find a session by what a grant tells of it (common.sessions.digest_of), without its key."""

    dependencies = [("common", "0002_outboxmessage_swept_at"), ("sessions", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX django_session_digest ON django_session (encode(sha256(session_key::bytea), 'hex'))",
            "DROP INDEX django_session_digest",
        ),
    ]
