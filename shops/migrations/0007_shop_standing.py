from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shops", "0006_review_scores")]

    operations = [
        migrations.AddField(
            model_name="shop",
            name="standing",
            field=models.CharField(
                choices=[
                    ("unchecked", "not checked"),
                    ("payee", "identity checked"),
                    ("own", "the market's own"),
                ],
                db_default="unchecked",
                default="unchecked",
                max_length=10,
            ),
        ),
    ]
