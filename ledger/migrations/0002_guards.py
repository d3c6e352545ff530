"""The database keeps the book: balanced, append-only, sealed with its transaction (decisions.md 13)."""

from django.db import migrations

FORWARD = """
-- Which database transaction made a row: entries may join only their own. Hidden from the models.
ALTER TABLE ledger_ledgertransaction ADD COLUMN made_in xid8;

CREATE FUNCTION ledger_stamp_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.made_in := pg_current_xact_id();
  RETURN NEW;
END $$;

CREATE TRIGGER ledger_stamp BEFORE INSERT ON ledger_ledgertransaction
  FOR EACH ROW EXECUTE FUNCTION ledger_stamp_transaction();

CREATE FUNCTION ledger_check_entry_home() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM ledger_ledgertransaction
    WHERE id = NEW.transaction_id AND made_in = pg_current_xact_id()
  ) THEN
    RAISE EXCEPTION 'ledger: entries join only a transaction made by the same database transaction'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER ledger_entry_home BEFORE INSERT ON ledger_ledgerentry
  FOR EACH ROW EXECUTE FUNCTION ledger_check_entry_home();

CREATE FUNCTION ledger_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  checked bigint;
  lines bigint;
  total numeric;
BEGIN
  IF TG_TABLE_NAME = 'ledger_ledgerentry' THEN
    checked := NEW.transaction_id;
  ELSE
    checked := NEW.id;
  END IF;
  SELECT count(*), coalesce(sum(amount_fen), 0) INTO lines, total
    FROM ledger_ledgerentry WHERE transaction_id = checked;
  IF lines < 2 OR total <> 0 THEN
    RAISE EXCEPTION 'ledger: transaction % has % entries that sum to %', checked, lines, total
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ledger_transaction_balanced AFTER INSERT ON ledger_ledgertransaction
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_balance();
CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_ledgerentry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_balance();

CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger: % on % is refused, the book is append-only', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_ledgertransaction
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_ledgerentry
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_ledgertransaction
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_ledgerentry
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_ledgeraccount
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE FUNCTION ledger_guard_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.balance_fen <> 0 THEN
      RAISE EXCEPTION 'ledger: an account begins at zero' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT 1 FROM ledger_ledgerentry WHERE account_id = OLD.id) THEN
      RAISE EXCEPTION 'ledger: account % is used and stays', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF (NEW.id, NEW.purpose, NEW.owner_kind, NEW.owner_id)
     IS DISTINCT FROM (OLD.id, OLD.purpose, OLD.owner_kind, OLD.owner_id) THEN
    RAISE EXCEPTION 'ledger: account % keeps its purpose and owner', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER ledger_account_guard BEFORE INSERT OR UPDATE OR DELETE ON ledger_ledgeraccount
  FOR EACH ROW EXECUTE FUNCTION ledger_guard_account();
"""

BACKWARD = """
DROP TRIGGER ledger_account_guard ON ledger_ledgeraccount;
DROP TRIGGER ledger_no_truncate ON ledger_ledgeraccount;
DROP TRIGGER ledger_no_truncate ON ledger_ledgerentry;
DROP TRIGGER ledger_no_truncate ON ledger_ledgertransaction;
DROP TRIGGER ledger_append_only ON ledger_ledgerentry;
DROP TRIGGER ledger_append_only ON ledger_ledgertransaction;
DROP TRIGGER ledger_entry_balanced ON ledger_ledgerentry;
DROP TRIGGER ledger_transaction_balanced ON ledger_ledgertransaction;
DROP TRIGGER ledger_entry_home ON ledger_ledgerentry;
DROP TRIGGER ledger_stamp ON ledger_ledgertransaction;
DROP FUNCTION ledger_guard_account();
DROP FUNCTION ledger_refuse();
DROP FUNCTION ledger_check_balance();
DROP FUNCTION ledger_check_entry_home();
DROP FUNCTION ledger_stamp_transaction();
ALTER TABLE ledger_ledgertransaction DROP COLUMN made_in;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
