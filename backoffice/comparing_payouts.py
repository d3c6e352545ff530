"""Do the book, the tallies and the payouts say the same, and does each of them go on (rules.md 15)?

The question is one statement; see backoffice.comparing. What is owed to somebody stands on one tally of
theirs, or will stand on the next; what left for a tally is what it says.
"""

PAYOUTS_AND_TALLIES = """
SELECT 'tally_lines', 'payout_statement:' || s.id, coalesce(sum(l.amount_fen), 0) + s.carried_fen, s.net_fen
FROM payouts_payoutstatement s LEFT JOIN payouts_statementline l ON l.statement_id = s.id
GROUP BY s.id HAVING s.net_fen <> coalesce(sum(l.amount_fen), 0) + s.carried_fen
UNION ALL
SELECT 'tally_entry', 'ledger_entry:' || e.id, -e.amount_fen, l.amount_fen
FROM payouts_statementline l JOIN ledger_ledgerentry e ON e.id = l.entry_id
WHERE l.amount_fen <> -e.amount_fen
UNION ALL
SELECT 'payout_amount', 'payout:' || p.id, s.net_fen, p.amount_fen
FROM payouts_payout p JOIN payouts_payoutstatement s ON s.id = p.statement_id
WHERE p.amount_fen <> s.net_fen
UNION ALL
SELECT 'payout_posted', 'payout:' || p.id, CASE p.status WHEN 'paid' THEN p.amount_fen ELSE 0 END,
       coalesce(b.sent_fen, 0)
FROM payouts_payout p LEFT JOIN (
  -- What left the market's own accounts, less what came back or was reversed.
  SELECT coalesce(r.source, t.source) AS source, -sum(e.amount_fen) AS sent_fen
  FROM ledger_ledgertransaction t
  LEFT JOIN ledger_ledgertransaction r ON r.id = t.reversal_of_id
  JOIN ledger_ledgerentry e ON e.transaction_id = t.id
  JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.owner_kind = 'system'
  WHERE 'payout' IN (t.kind, r.kind) GROUP BY 1
) b ON b.source = 'payout:' || p.id
WHERE coalesce(b.sent_fen, 0) <> CASE p.status WHEN 'paid' THEN p.amount_fen ELSE 0 END
UNION ALL
SELECT 'payout_missing', 'payout_statement:' || s.id, s.net_fen, 0
FROM payouts_payoutstatement s JOIN payouts_settlementperiod d ON d.id = s.period_id AND d.status = 'closed'
WHERE s.net_fen > 0 AND NOT EXISTS (SELECT 1 FROM payouts_payout p WHERE p.statement_id = s.id)
UNION ALL
SELECT 'tally_of_somebody_else', 'payout_statement:' || s.id,
       coalesce(s.farmer_id, s.host_id, s.payee_shop_id), a.owner_id
FROM payouts_payoutstatement s
JOIN payouts_statementline l ON l.statement_id = s.id
JOIN ledger_ledgerentry e ON e.id = l.entry_id
JOIN ledger_ledgeraccount a ON a.id = e.account_id
WHERE (a.owner_kind, a.owner_id) <> (
  CASE WHEN s.farmer_id IS NOT NULL THEN 'farmer' WHEN s.host_id IS NOT NULL THEN 'host' ELSE 'shop' END,
  coalesce(s.farmer_id, s.host_id, s.payee_shop_id))
UNION ALL
-- Owed, and on no tally, though the closing that had to claim it is over; or no tally can ever claim it.
SELECT 'entry_on_no_tally', 'ledger_entry:' || o.entry_id, o.owed_fen, 0
FROM (
  SELECT e.id AS entry_id, -e.amount_fen AS owed_fen, t.posted_at, t.made_in,
         coalesce(
           d.shop_id, v.shop_id, CASE WHEN e.source LIKE 'shop:%%' THEN substr(e.source, 6)::bigint END
         ) AS shop_id
  FROM ledger_ledgerentry e
  JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = ANY(%(payable)s)
  JOIN ledger_ledgertransaction t ON t.id = e.transaction_id AND t.kind <> ALL(%(sending)s)
  LEFT JOIN orders_orderline l
    ON l.id = CASE WHEN e.source LIKE 'order_line:%%' THEN substr(e.source, 12)::bigint END
  LEFT JOIN orders_order d
    ON d.id = coalesce(l.order_id, CASE WHEN e.source LIKE 'order:%%' THEN substr(e.source, 7)::bigint END)
  LEFT JOIN livestreams_gift g
    ON g.id = CASE WHEN e.source LIKE 'gift:%%' THEN substr(e.source, 6)::bigint END
  LEFT JOIN livestreams_livesession v ON v.id = g.session_id
  WHERE e.source NOT LIKE 'payout:%%'
    AND NOT EXISTS (SELECT 1 FROM payouts_statementline s WHERE s.entry_id = e.id)
) o
WHERE o.shop_id IS NULL OR EXISTS (
  SELECT 1 FROM payouts_settlementperiod p
  WHERE p.shop_id = o.shop_id AND p.status = 'closed' AND p.ends_at > o.posted_at
    AND p.seen_before > o.made_in::text::bigint)
UNION ALL
SELECT 'owed', b.owner_kind || ':' || b.owner_id, b.open_fen + coalesce(s.unpaid_fen, 0), b.owed_fen
FROM (
  SELECT a.owner_kind, a.owner_id, -sum(e.amount_fen) AS owed_fen,
         -coalesce(sum(e.amount_fen) FILTER (
           WHERE l.entry_id IS NULL AND coalesce(r.kind, t.kind) <> ALL(%(sending)s)), 0) AS open_fen
  FROM ledger_ledgeraccount a
  JOIN ledger_ledgerentry e ON e.account_id = a.id
  JOIN ledger_ledgertransaction t ON t.id = e.transaction_id
  LEFT JOIN ledger_ledgertransaction r ON r.id = t.reversal_of_id
  LEFT JOIN payouts_statementline l ON l.entry_id = e.id
  WHERE a.purpose = ANY(%(payable)s) GROUP BY 1, 2
) b
LEFT JOIN (
  SELECT CASE WHEN s.farmer_id IS NOT NULL THEN 'farmer' WHEN s.host_id IS NOT NULL THEN 'host'
              ELSE 'shop' END AS owner_kind,
         coalesce(s.farmer_id, s.host_id, s.payee_shop_id) AS owner_id, sum(s.net_fen) AS unpaid_fen
  FROM payouts_payoutstatement s
  LEFT JOIN payouts_payout p ON p.statement_id = s.id
  WHERE coalesce(p.status, '') <> 'paid'
    AND NOT EXISTS (SELECT 1 FROM payouts_payoutstatement n WHERE n.carried_from_id = s.id)
  GROUP BY 1, 2
) s ON (s.owner_kind, s.owner_id) = (b.owner_kind, b.owner_id)
WHERE b.owed_fen <> b.open_fen + coalesce(s.unpaid_fen, 0)
UNION ALL
SELECT 'period_overdue', 'settlement_period:' || p.id, 0, extract(epoch FROM %(now)s - p.ends_at)::int / 3600
FROM payouts_settlementperiod p
WHERE p.status <> 'closed' AND p.ends_at <= %(now)s - make_interval(hours => %(overdue_hours)s)
UNION ALL
-- A bank that never answered, a provider that stays silent, cash that nobody fetched.
SELECT 'transfer_never_ends', 'payout_transfer:' || x.id, 0, extract(day FROM %(now)s - r.started_at)::int
FROM payouts_payouttransfer x JOIN payouts_payoutrun r ON r.id = x.run_id AND r.status = 'sending'
WHERE x.status IN ('ready', 'sending') AND r.started_at < %(now)s - interval '7 days'
"""
