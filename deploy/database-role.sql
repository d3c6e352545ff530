-- What the market's own database role may do. The tables belong to another role, which migrates; the market serves
-- with `market_app`, which can neither change the book nor switch off what guards it.
--
-- Run it as the owner of the tables after every `manage.py migrate`; running it again changes nothing:
--   psql "$OWNER_DATABASE_URL" -v ON_ERROR_STOP=1 -f deploy/database-role.sql
-- The role itself is made once, by an administrator: CREATE ROLE market_app LOGIN PASSWORD '…';

BEGIN;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO market_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO market_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO market_app;

-- The book, its chain, and the audit trail only grow.
REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON
  ledger_ledgertransaction, ledger_ledgerentry, ledger_ledgerseal, ledger_ledgersnapshot, common_auditentry
  FROM market_app;
-- Of an account only the cached balance moves.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_ledgeraccount FROM market_app;
GRANT UPDATE (balance_fen) ON ledger_ledgeraccount TO market_app;
-- Nobody rewrites what has been migrated.
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM market_app;

COMMIT;
