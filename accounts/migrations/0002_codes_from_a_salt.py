from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            "signincode", "salt", models.CharField(max_length=32, default=""), preserve_default=False
        ),
        migrations.AddField(
            "signincode",
            "sender_digest",
            models.CharField(blank=True, max_length=64, default=""),
            preserve_default=False,
        ),
        migrations.AddIndex(
            "signincode", models.Index(fields=["sender_digest", "created_at"], name="sign_in_code_by_sender")
        ),
    ]
