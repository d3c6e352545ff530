"""Months beside weeks, refunds in a column of their own, sealed tallies, questions, and a close by sets."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

# A close reads the book from where the last one stopped: these two ranges, never the whole of it.
WINDOW = """
CREATE INDEX ledger_transaction_posted ON ledger_ledgertransaction (posted_at);
CREATE INDEX ledger_transaction_made ON ledger_ledgertransaction (made_in);
"""
NO_WINDOW = """
DROP INDEX ledger_transaction_made;
DROP INDEX ledger_transaction_posted;
"""
NAMES = """
UPDATE payouts_payoutstatement s SET payee_name = coalesce(
  (SELECT name FROM shops_farmer f WHERE f.id = s.farmer_id),
  (SELECT name FROM shops_host h WHERE h.id = s.host_id),
  (SELECT name FROM shops_shop p WHERE p.id = s.payee_shop_id));
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0005_after_sales"),
        ("orders", "0010_private_photos"),
        ("payouts", "0003_coupons"),
        ("shops", "0005_private_photos"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SettlementRhythm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "length",
                    models.CharField(
                        choices=[("week", "every week"), ("month", "every month")],
                        default="week",
                        max_length=5,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StatementQuestion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=500)),
                ("asked_at", models.DateTimeField()),
                ("answer", models.CharField(blank=True, max_length=500)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="payoutstatement",
            name="statement_adds_up",
        ),
        migrations.AddField(
            model_name="payoutstatement",
            name="payee_name",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="payoutstatement",
            name="refund_fen",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="payoutstatement",
            name="seal",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="settlementperiod",
            name="seen_before",
            field=models.BigIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="statementline",
            name="entry",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statement_line",
                to="ledger.ledgerentry",
            ),
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
                    ("correction", "correction"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="statementline",
            name="order_line",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statement_lines",
                to="orders.orderline",
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
        migrations.AddField(
            model_name="settlementrhythm",
            name="shop",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="settlement_rhythm", to="shops.shop"
            ),
        ),
        migrations.AddField(
            model_name="statementquestion",
            name="answered_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="statementquestion",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="statementquestion",
            name="statement",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="questions",
                to="payouts.payoutstatement",
            ),
        ),
        migrations.AddConstraint(
            model_name="statementquestion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("answered_at", None)), fields=("statement",), name="question_one_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="statementquestion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", ""), ("answered_at", None), ("answered_by", None)),
                    models.Q(
                        ("answered_at__isnull", False),
                        ("answered_by__isnull", False),
                        models.Q(("answer", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="question_answered_by_name",
            ),
        ),
        migrations.RunSQL(NAMES, migrations.RunSQL.noop),
        migrations.RunSQL(WINDOW, NO_WINDOW),
    ]
