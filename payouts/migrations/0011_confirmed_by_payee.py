"""A transfer may wait until its payee takes the money."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payouts", "0010_sealed_accounts")]

    operations = [
        migrations.AddField(
            model_name="payouttransfer",
            name="package",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="payouttransfer",
            name="to_confirm_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
