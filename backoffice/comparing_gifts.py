"""Do gifts, their payments, the book and the hosts' tallies say the same (rules.md 15)?

A gift is given once its money is there and stays; taken back, the book owes its host nothing for it any more.
"""

GIFTS_AND_MONEY = """
SELECT 'gift_paid', 'gift:' || g.id,
       CASE WHEN g.status IN ('pending', 'expired') THEN 0 ELSE g.amount_fen END, coalesce(p.fen, 0)
FROM livestreams_gift g
LEFT JOIN (SELECT p.gift_id, sum(p.amount_fen) AS fen FROM payments_payment p
           WHERE p.gift_id IS NOT NULL AND p.status = 'succeeded' AND NOT EXISTS
             (SELECT 1 FROM payments_refund r WHERE r.payment_id = p.id
              AND r.request_id IS NULL AND r.unmatched_id IS NULL AND r.gift_id IS NULL)
           GROUP BY 1) p ON p.gift_id = g.id
WHERE coalesce(p.fen, 0) <> CASE WHEN g.status IN ('pending', 'expired') THEN 0 ELSE g.amount_fen END
UNION ALL
-- A reversal or an adjustment that two operators made is no difference.
SELECT 'gift_of_host', 'gift:' || g.id,
       CASE g.status WHEN 'paid' THEN g.amount_fen - g.platform_fen ELSE 0 END,
       coalesce(b.host_fen, 0)
FROM livestreams_gift g
LEFT JOIN (SELECT e.source, -sum(e.amount_fen) AS host_fen
           FROM ledger_ledgerentry e
           JOIN ledger_ledgertransaction t ON t.id = e.transaction_id AND t.kind IN ('gift', 'gift_returned')
           JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.purpose = 'host_payable'
           GROUP BY 1) b ON b.source = 'gift:' || g.id
WHERE coalesce(b.host_fen, 0) <> CASE g.status WHEN 'paid' THEN g.amount_fen - g.platform_fen ELSE 0 END
UNION ALL
SELECT 'gift_returned', 'gift:' || g.id, g.amount_fen, coalesce(r.amount_fen, 0)
FROM livestreams_gift g LEFT JOIN payments_refund r ON r.gift_id = g.id
WHERE g.status IN ('returning', 'returned')
  AND (r.id IS NULL OR r.amount_fen <> g.amount_fen OR (g.status = 'returned') <> (r.status = 'succeeded'))
UNION ALL
SELECT 'gift_not_returned', 'gift:' || g.id, 0, r.amount_fen
FROM livestreams_gift g JOIN payments_refund r ON r.gift_id = g.id
WHERE g.status NOT IN ('returning', 'returned')
UNION ALL
SELECT 'gift_waits_too_long', 'gift:' || g.id, 0, 1
FROM livestreams_gift g WHERE g.status = 'pending' AND g.expires_at < %(late)s
UNION ALL
SELECT 'tally_gifts', 'payout_statement:' || s.id, coalesce(sum(l.gross_fen), 0), s.gift_fen
FROM payouts_payoutstatement s
LEFT JOIN payouts_statementline l ON l.statement_id = s.id AND l.kind IN ('gift', 'gift_returned')
WHERE s.host_id IS NOT NULL OR s.gift_fen <> 0
GROUP BY s.id HAVING s.gift_fen <> coalesce(sum(l.gross_fen), 0)
"""
