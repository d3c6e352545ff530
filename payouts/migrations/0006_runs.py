"""Payout accounts with their history, runs and transfers."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FREEZE = """
CREATE TRIGGER payouts_account_version_stays BEFORE UPDATE OR DELETE ON payouts_payoutaccountversion
  FOR EACH ROW EXECUTE FUNCTION payouts_refuse();
"""
THAW = "DROP TRIGGER payouts_account_version_stays ON payouts_payoutaccountversion;"


class Migration(migrations.Migration):
    dependencies = [
        ("payouts", "0005_frozen_tallies"),
        ("shops", "0006_review_scores"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="payoutaccount",
            name="verified_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="payoutaccount",
            name="verified_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="PayoutAccountVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("bank", "bank card"),
                            ("alipay", "Alipay"),
                            ("wechat", "WeChat"),
                            ("cash", "cash, signed for"),
                        ],
                        max_length=10,
                    ),
                ),
                ("holder", models.CharField(max_length=60)),
                ("detail", models.CharField(blank=True, max_length=80)),
                ("bank_name", models.CharField(blank=True, max_length=60)),
                ("bank_code", models.CharField(blank=True, max_length=12)),
                ("reason", models.CharField(max_length=200)),
                ("written_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="payouts.payoutaccount",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="payoutaccount",
            name="current",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payouts.payoutaccountversion",
            ),
        ),
        migrations.CreateModel(
            name="PayoutRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "to check"),
                            ("approved", "approved, to send"),
                            ("sending", "being paid"),
                            ("done", "done"),
                            ("cancelled", "called off"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=100)),
                ("made_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("file_made_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PayoutTransfer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("bank", "bank card"),
                            ("alipay", "Alipay"),
                            ("wechat", "WeChat"),
                            ("cash", "cash, signed for"),
                        ],
                        max_length=10,
                    ),
                ),
                ("amount_fen", models.BigIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("held", "cannot be paid yet"),
                            ("ready", "ready"),
                            ("sending", "on its way"),
                            ("paid", "paid"),
                            ("failed", "did not arrive"),
                            ("returned", "came back"),
                            ("left_out", "left out"),
                        ],
                        default="held",
                        max_length=10,
                    ),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_account", "no payout account"),
                            ("not_checked", "account or identity not checked yet"),
                            ("restricted", "account is restricted"),
                            ("account_changed", "changed bank account after approval"),
                            ("way_off", "this way to pay is not switched on"),
                            ("disputed", "the payee questions the tally"),
                            ("amount_differs", "amount differs from tally or book"),
                            ("taken_out", "taken out by an operator"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reference", models.CharField(max_length=32, unique=True)),
                ("provider_reference", models.CharField(blank=True, max_length=80)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("tried_at", models.DateTimeField(blank=True, null=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=200)),
                (
                    "account_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfers",
                        to="payouts.payoutaccountversion",
                    ),
                ),
                (
                    "payout",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfers",
                        to="payouts.payout",
                    ),
                ),
                (
                    "receipt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payout_transfers",
                        to="shops.photo",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfers",
                        to="payouts.payoutrun",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="payoutaccountversion",
            constraint=models.UniqueConstraint(fields=("account", "number"), name="account_version_once"),
        ),
        migrations.AddConstraint(
            model_name="payoutaccountversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("method", "cash"), models.Q(("detail", ""), _negated=True), _connector="OR"
                ),
                name="account_version_says_where",
            ),
        ),
        migrations.AddConstraint(
            model_name="payoutrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by", None),
                    models.Q(("approved_by", models.F("made_by")), _negated=True),
                    _connector="OR",
                ),
                name="run_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="payoutrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["draft", "cancelled"]), ("approved_by__isnull", False), _connector="OR"
                ),
                name="run_approved_by_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="payouttransfer",
            constraint=models.UniqueConstraint(fields=("run", "payout"), name="transfer_once_a_run"),
        ),
        migrations.AddConstraint(
            model_name="payouttransfer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["held", "ready", "sending"])),
                fields=("payout",),
                name="transfer_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="payouttransfer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "paid")), fields=("payout",), name="transfer_one_paid"
            ),
        ),
        migrations.AddConstraint(
            model_name="payouttransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_fen__gt", 0)), name="transfer_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="payouttransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["held", "left_out"]), ("account_version__isnull", False), _connector="OR"
                ),
                name="transfer_knows_where",
            ),
        ),
        migrations.AddConstraint(
            model_name="payouttransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["held", "left_out"]), _negated=True),
                    models.Q(("problem", ""), _negated=True),
                    _connector="OR",
                ),
                name="transfer_held_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="payouttransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "paid"), ("way", "cash"), _negated=True),
                    ("receipt__isnull", False),
                    _connector="OR",
                ),
                name="transfer_cash_with_receipt",
            ),
        ),
        migrations.RunSQL(FREEZE, THAW),
    ]
