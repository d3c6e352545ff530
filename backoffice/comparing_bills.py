"""Do the providers' bills, our payments and refunds, and the fees in the book say the same (rules.md 15)?

The question is one statement; see backoffice.comparing. A line that a posted adjustment names is settled,
unless that was taken back.
"""

PAYMENTS_AND_BILLS = """
WITH bill AS (SELECT * FROM payments_providerbill WHERE is_current),
settled AS (
  SELECT e.source FROM ledger_ledgerentry e
  JOIN ledger_ledgertransaction t ON t.id = e.transaction_id AND t.kind = 'adjustment'
  WHERE e.source LIKE 'provider_bill_line:%%'
    -- A correction that was taken back settles nothing any more.
    AND NOT EXISTS (SELECT 1 FROM ledger_ledgertransaction r WHERE r.reversal_of_id = t.id)
),
line AS (
  SELECT l.*, b.gateway, b.kind AS bill_kind FROM payments_providerbillline l JOIN bill b ON b.id = l.bill_id
  WHERE NOT EXISTS (
    SELECT 1 FROM settled e WHERE e.source = 'provider_bill_line:' || l.id)
),
done AS (
  SELECT 'payment' AS kind, p.id, p.gateway, p.succeeded_at AS at, p.amount_fen FROM payments_payment p
  WHERE p.status = 'succeeded' AND p.gateway IN ('wechatpay', 'alipay')
  UNION ALL
  SELECT 'refund', r.id, p.gateway, r.settled_at, r.amount_fen
  FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
  WHERE r.status = 'succeeded' AND p.gateway IN ('wechatpay', 'alipay')
    -- What was given back by hand is on no bill.
    AND NOT EXISTS (SELECT 1 FROM payments_handrefund h WHERE h.refund_id = r.id AND h.status = 'done')
)
SELECT 'bill_amount', 'provider_bill_line:' || l.id, coalesce(r.amount_fen, p.amount_fen), l.amount_fen
FROM line l JOIN payments_payment p ON p.id = l.payment_id LEFT JOIN payments_refund r ON r.id = l.refund_id
WHERE l.kind IN ('payment', 'refund') AND l.amount_fen <> coalesce(r.amount_fen, p.amount_fen)
UNION ALL
SELECT 'bill_state', 'provider_bill_line:' || l.id, 0, l.amount_fen
FROM line l JOIN payments_payment p ON p.id = l.payment_id LEFT JOIN payments_refund r ON r.id = l.refund_id
WHERE l.kind IN ('payment', 'refund') AND coalesce(r.status, p.status) <> 'succeeded'
UNION ALL
SELECT 'bill_' || l.match, 'provider_bill_line:' || l.id, 0, l.amount_fen
FROM line l WHERE l.match IN ('number', 'unknown')
UNION ALL
SELECT 'bill_other_movement', 'provider_bill_line:' || l.id, 0, l.amount_fen
FROM line l JOIN bill b ON b.id = l.bill_id WHERE l.kind = 'other'
  -- Settled under an earlier version of the bill.
  AND NOT EXISTS (
    SELECT 1 FROM payments_providerbillline o JOIN payments_providerbill v ON v.id = o.bill_id
    JOIN settled e ON e.source = 'provider_bill_line:' || o.id
    WHERE v.gateway = b.gateway AND v.kind = b.kind AND v.bill_on = b.bill_on AND o.kind = 'other'
      AND o.reference = l.reference AND o.provider_reference = l.provider_reference
      AND o.amount_fen = l.amount_fen)
  -- A payout of ours, posted where it was sent: once out, and once back if it came back.
  AND NOT EXISTS (
    SELECT 1 FROM payouts_payouttransfer p
    WHERE p.provider_reference = l.provider_reference AND l.provider_reference <> ''
      AND p.way = CASE l.gateway WHEN 'wechatpay' THEN 'wechat' ELSE l.gateway END
      AND ((l.amount_fen = -p.amount_fen AND p.status IN ('paid', 'returned'))
           OR (l.amount_fen = p.amount_fen AND p.status = 'returned'))
      AND NOT EXISTS (
        SELECT 1 FROM line d WHERE d.kind = 'other' AND d.gateway = l.gateway AND d.id < l.id
          AND (d.provider_reference, d.amount_fen) = (l.provider_reference, l.amount_fen)))
UNION ALL
SELECT 'bill_twice', 'provider_bill_line:' || max(l.id), 1, count(*)
FROM line l WHERE l.kind IN ('payment', 'refund') AND l.bill_kind = 'trade'
GROUP BY l.gateway, l.kind, l.provider_reference, l.reference HAVING count(*) > 1
UNION ALL
-- Near midnight the provider's day may be the next one of ours.
SELECT 'bill_missing', d.kind || ':' || d.id, d.amount_fen, 0
FROM done d JOIN bill b ON b.gateway = d.gateway AND b.kind = 'trade'
 AND b.bill_on = (d.at AT TIME ZONE 'Asia/Shanghai')::date
WHERE ((d.at + interval '10 minutes') AT TIME ZONE 'Asia/Shanghai')::date IN (
    b.bill_on, (SELECT n.bill_on FROM bill n
                WHERE n.gateway = b.gateway AND n.kind = 'trade' AND n.bill_on = b.bill_on + 1))
  AND NOT EXISTS (
    SELECT 1 FROM payments_providerbillline l JOIN bill c ON c.id = l.bill_id AND c.kind = 'trade'
    WHERE CASE d.kind WHEN 'payment' THEN l.kind = 'payment' AND l.payment_id = d.id
                      ELSE l.refund_id = d.id END)
UNION ALL
-- Two days are time enough; before a month ago nobody looks any more.
SELECT 'bill_absent', 'provider_day:' || d.gateway || ':' || (d.at AT TIME ZONE 'Asia/Shanghai')::date,
       count(*), 0
FROM done d
WHERE d.at < %(now)s - interval '2 days' AND d.at > %(now)s - interval '30 days'
  AND NOT EXISTS (SELECT 1 FROM bill b WHERE b.gateway = d.gateway AND b.kind = 'trade'
                  AND b.bill_on = (d.at AT TIME ZONE 'Asia/Shanghai')::date)
GROUP BY d.gateway, (d.at AT TIME ZONE 'Asia/Shanghai')::date
UNION ALL
SELECT 'bill_fees', 'provider_bill:' || b.id, CASE WHEN b.is_current THEN b.fee_fen ELSE 0 END,
       coalesce(sum(e.amount_fen), 0)
FROM payments_providerbill b
LEFT JOIN ledger_ledgertransaction o ON o.key = 'provider_fee:' || b.id
LEFT JOIN ledger_ledgertransaction t ON t.id = o.id OR t.reversal_of_id = o.id
LEFT JOIN ledger_ledgerentry e ON e.transaction_id = t.id
 AND e.account_id IN (SELECT a.id FROM ledger_ledgeraccount a WHERE a.purpose = 'provider_fee')
WHERE b.kind = 'trade'
GROUP BY b.id, b.is_current, b.fee_fen
HAVING coalesce(sum(e.amount_fen), 0) <> CASE WHEN b.is_current THEN b.fee_fen ELSE 0 END
UNION ALL
SELECT 'bill_sums', 'provider_bill:' || b.id, b.paid_fen - b.refunded_fen - b.fee_fen,
       coalesce(sum(CASE l.kind WHEN 'payment' THEN l.amount_fen WHEN 'refund' THEN -l.amount_fen ELSE 0 END
                    - l.fee_fen), 0)
FROM payments_providerbill b LEFT JOIN payments_providerbillline l ON l.bill_id = b.id
GROUP BY b.id
HAVING b.paid_fen - b.refunded_fen - b.fee_fen <>
       coalesce(sum(CASE l.kind WHEN 'payment' THEN l.amount_fen WHEN 'refund' THEN -l.amount_fen ELSE 0 END
                    - l.fee_fen), 0)
UNION ALL
SELECT 'bill_funds', 'provider_bill:' || f.id, t.paid_fen - t.refunded_fen - t.fee_fen,
       f.paid_fen - f.refunded_fen - f.fee_fen
FROM bill f JOIN bill t ON t.gateway = f.gateway AND t.bill_on = f.bill_on AND t.kind = 'trade'
WHERE f.kind = 'funds' AND (f.paid_fen, f.refunded_fen, f.fee_fen) <> (t.paid_fen, t.refunded_fen, t.fee_fen)
"""
