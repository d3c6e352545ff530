"""What a tally says is frozen by the database; its lines are written by sets."""

import django.db.models.deletion
from django.db import migrations, models

FREEZE = """
CREATE FUNCTION payouts_lines_have_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM (SELECT DISTINCT statement_id FROM made) line
    WHERE NOT EXISTS (SELECT 1 FROM payouts_payoutstatement s WHERE s.id = line.statement_id)
  ) THEN
    RAISE EXCEPTION 'payouts: a line without a statement' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER payouts_lines_have_statement AFTER INSERT ON payouts_statementline
  REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION payouts_lines_have_statement();

CREATE FUNCTION payouts_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'payouts: % on % is refused, a tally stays as it was made', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER payouts_line_stays BEFORE UPDATE OR DELETE ON payouts_statementline
  FOR EACH ROW EXECUTE FUNCTION payouts_refuse();
CREATE TRIGGER payouts_statement_stays BEFORE DELETE ON payouts_payoutstatement
  FOR EACH ROW EXECUTE FUNCTION payouts_refuse();
-- Only its state moves: questioned, accepted.
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
THAW = """
DROP TRIGGER payouts_statement_frozen ON payouts_payoutstatement;
DROP TRIGGER payouts_statement_stays ON payouts_payoutstatement;
DROP TRIGGER payouts_line_stays ON payouts_statementline;
DROP TRIGGER payouts_lines_have_statement ON payouts_statementline;
DROP FUNCTION payouts_refuse();
DROP FUNCTION payouts_lines_have_statement();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0011_reviews"),
        ("payouts", "0004_tallies"),
    ]

    operations = [
        migrations.AlterField(
            model_name="statementline",
            name="order_line",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statement_lines",
                to="orders.orderline",
            ),
        ),
        migrations.AlterField(
            model_name="statementline",
            name="statement",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lines",
                to="payouts.payoutstatement",
            ),
        ),
        migrations.RunSQL(FREEZE, THAW),
    ]
