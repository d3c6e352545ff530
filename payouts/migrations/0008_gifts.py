"""Gifts in a tally; their sum is frozen like every other one."""

import django.db.models.expressions
from django.db import migrations, models

FREEZE = """
DROP TRIGGER payouts_statement_frozen ON payouts_payoutstatement;
CREATE TRIGGER payouts_statement_frozen BEFORE UPDATE ON payouts_payoutstatement
  FOR EACH ROW WHEN (
    (OLD.id, OLD.period_id, OLD.farmer_id, OLD.host_id, OLD.payee_shop_id, OLD.payee_name, OLD.code,
     OLD.gross_fen, OLD.commission_fen, OLD.platform_fee_fen, OLD.freight_fen, OLD.coupon_fen, OLD.refund_fen,
     OLD.gift_fen, OLD.correction_fen, OLD.carried_fen, OLD.carried_from_id, OLD.net_fen, OLD.issued_at, OLD.seal)
    IS DISTINCT FROM
    (NEW.id, NEW.period_id, NEW.farmer_id, NEW.host_id, NEW.payee_shop_id, NEW.payee_name, NEW.code,
     NEW.gross_fen, NEW.commission_fen, NEW.platform_fee_fen, NEW.freight_fen, NEW.coupon_fen, NEW.refund_fen,
     NEW.gift_fen, NEW.correction_fen, NEW.carried_fen, NEW.carried_from_id, NEW.net_fen, NEW.issued_at, NEW.seal)
  ) EXECUTE FUNCTION payouts_refuse();
"""
THAW = """
DROP TRIGGER payouts_statement_frozen ON payouts_payoutstatement;
CREATE TRIGGER payouts_statement_frozen BEFORE UPDATE ON payouts_payoutstatement
  FOR EACH ROW WHEN (
    (OLD.id, OLD.period_id, OLD.farmer_id, OLD.host_id, OLD.payee_shop_id, OLD.payee_name, OLD.code,
     OLD.gross_fen, OLD.commission_fen, OLD.platform_fee_fen, OLD.freight_fen, OLD.coupon_fen, OLD.refund_fen,
     OLD.correction_fen, OLD.carried_fen, OLD.carried_from_id, OLD.net_fen, OLD.issued_at, OLD.seal)
    IS DISTINCT FROM
    (NEW.id, NEW.period_id, NEW.farmer_id, NEW.host_id, NEW.payee_shop_id, NEW.payee_name, NEW.code,
     NEW.gross_fen, NEW.commission_fen, NEW.platform_fee_fen, NEW.freight_fen, NEW.coupon_fen, NEW.refund_fen,
     NEW.correction_fen, NEW.carried_fen, NEW.carried_from_id, NEW.net_fen, NEW.issued_at, NEW.seal)
  ) EXECUTE FUNCTION payouts_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payouts", "0007_watched_transfers"),
        ("shops", "0008_lots"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="payoutstatement",
            name="statement_adds_up",
        ),
        migrations.AddField(
            model_name="payoutstatement",
            name="gift_fen",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="statementline",
            name="kind",
            field=models.CharField(
                choices=[
                    ("sale", "sale"),
                    ("host_commission", "host commission"),
                    ("freight", "freight"),
                    ("coupon", "coupon given away"),
                    ("refund", "goods came back"),
                    ("gift", "gift from a viewer"),
                    ("gift_returned", "gift went back"),
                    ("correction", "correction"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="payoutstatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "net_fen",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        models.F("gross_fen"), "-", models.F("commission_fen")
                                                    ),
                                                    "-",
                                                    models.F("platform_fee_fen"),
                                                ),
                                                "+",
                                                models.F("freight_fen"),
                                            ),
                                            "+",
                                            models.F("coupon_fen"),
                                        ),
                                        "+",
                                        models.F("refund_fen"),
                                    ),
                                    "+",
                                    models.F("gift_fen"),
                                ),
                                "+",
                                models.F("correction_fen"),
                            ),
                            "+",
                            models.F("carried_fen"),
                        ),
                    )
                ),
                name="statement_adds_up",
            ),
        ),
        migrations.RunSQL(FREEZE, THAW),
    ]
