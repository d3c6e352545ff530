from django.db import migrations, models

# What was granted before: all of a case's goods came back, or none that was counted.
RESTOCKED = """
UPDATE orders_aftersaleline AS line SET shelf_units = line.quantity
FROM orders_aftersalecase AS asked WHERE asked.id = line.case_id AND asked.is_restocked
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0016_case_offers")]

    operations = [
        migrations.RemoveConstraint(model_name="aftersaleline", name="case_line_within_worth"),
        migrations.AddField(
            model_name="aftersaleline",
            name="shelf_units",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.RunSQL(RESTOCKED, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="aftersaleline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    quantity__gte=models.F("shelf_units"),
                    amount_fen__gt=0,
                    amount_fen__lte=models.F("worth_fen"),
                    discount_fen__gte=0,
                ),
                name="case_line_within_worth",
            ),
        ),
    ]
