"""Account numbers are sealed at rest; the guard lets a seal be renewed and nothing else."""

from django.db import migrations, models

from payouts.sealing import seal, unseal

GUARD = """
CREATE FUNCTION payouts_account_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND current_setting('payouts.resealing', true) = 'on'
     AND OLD.detail <> '' AND NEW.detail <> ''
     AND (to_jsonb(NEW) - 'detail') = (to_jsonb(OLD) - 'detail') THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'payouts: % on % is refused, an account stays as it was written', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER payouts_account_version_stays ON payouts_payoutaccountversion;
CREATE TRIGGER payouts_account_version_stays BEFORE UPDATE OR DELETE ON payouts_payoutaccountversion
  FOR EACH ROW EXECUTE FUNCTION payouts_account_version_guard();
"""
NO_GUARD = """
DROP TRIGGER payouts_account_version_stays ON payouts_payoutaccountversion;
CREATE TRIGGER payouts_account_version_stays BEFORE UPDATE OR DELETE ON payouts_payoutaccountversion
  FOR EACH ROW EXECUTE FUNCTION payouts_refuse();
DROP FUNCTION payouts_account_version_guard();
"""


def _rewrite(schema_editor, change) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET LOCAL payouts.resealing = 'on'")
        cursor.execute("SELECT id, detail FROM payouts_payoutaccountversion WHERE detail <> '' ORDER BY id")
        for pk, detail in cursor.fetchall():
            cursor.execute(
                "UPDATE payouts_payoutaccountversion SET detail = %s WHERE id = %s", [change(detail), pk]
            )
        cursor.execute("SET LOCAL payouts.resealing = 'off'")


def close(apps, schema_editor) -> None:
    """Seal what was written in clear."""
    _rewrite(schema_editor, seal)


def reopen(apps, schema_editor) -> None:
    """Write it in clear again."""
    _rewrite(schema_editor, unseal)


class Migration(migrations.Migration):
    dependencies = [("payouts", "0009_entry_is_the_key")]

    operations = [
        migrations.AlterField(
            model_name="payoutaccountversion",
            name="detail",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.RunSQL(GUARD, NO_GUARD),
        migrations.RunPython(close, reopen),
    ]
