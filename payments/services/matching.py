"""Which payment or refund of ours each line of a bill is: one statement for all lines of a bill."""

from django.db import connection, transaction

from payments.models import ProviderBill

# A line is looked for by their number and by ours. Both have to lead to the same row, then the amount has to
# agree, then it has to be done with us too. The bill of movements knows only their numbers.
MATCH = """
WITH found AS (
  SELECT l.id AS line_id, p.id AS payment_id, NULL::bigint AS refund_id, p.amount_fen,
         p.status = 'succeeded' AS is_done,
         p.provider_reference = l.provider_reference AND (%(is_trade)s = false OR p.reference = l.reference)
           AS same_number,
         p.reference = l.reference AND p.provider_reference = '' AS is_open
  FROM payments_providerbillline l
  JOIN payments_payment p ON p.gateway = %(gateway)s AND p.id IN (
    SELECT a.id FROM payments_payment a
    WHERE a.gateway = %(gateway)s AND a.provider_reference = l.provider_reference
      AND l.provider_reference <> ''
    UNION SELECT b.id FROM payments_payment b WHERE %(is_trade)s AND b.reference = l.reference)
  WHERE l.bill_id = %(bill)s AND l.kind IN ('payment', 'fee')
  UNION ALL
  SELECT l.id, r.payment_id, r.id, r.amount_fen, r.status = 'succeeded',
         r.provider_reference = l.provider_reference
           AND (%(is_trade)s = false OR (r.reference = l.reference AND p.reference = l.payment_reference)),
         r.reference = l.reference AND r.provider_reference = '' AND p.reference = l.payment_reference
  FROM payments_providerbillline l
  JOIN payments_refund r ON r.id IN (
    SELECT a.id FROM payments_refund a WHERE %(is_trade)s AND a.reference = l.reference
    UNION SELECT b.id FROM payments_refund b
    WHERE %(is_trade)s = false AND b.provider_reference = l.provider_reference AND l.provider_reference <> '')
  JOIN payments_payment p ON p.id = r.payment_id AND p.gateway = %(gateway)s
  WHERE l.bill_id = %(bill)s AND l.kind IN ('refund', 'fee')
), best AS (
  SELECT DISTINCT ON (line_id) * FROM found
  ORDER BY line_id, same_number DESC, is_open DESC, payment_id
)
UPDATE payments_providerbillline l
SET payment_id = b.payment_id, refund_id = b.refund_id,
    match = CASE WHEN l.kind = 'other' THEN 'none'
                 WHEN b.line_id IS NULL THEN CASE WHEN l.kind = 'fee' THEN 'none' ELSE 'unknown' END
                 WHEN l.kind = 'fee' THEN 'matched'
                 WHEN NOT b.same_number AND NOT b.is_open THEN 'number'
                 WHEN b.amount_fen <> l.amount_fen THEN 'amount'
                 WHEN NOT b.is_done THEN 'state'
                 WHEN NOT b.same_number THEN 'number'
                 ELSE 'matched' END
FROM payments_providerbillline o LEFT JOIN best b ON b.line_id = o.id
WHERE o.id = l.id AND l.bill_id = %(bill)s
"""


@transaction.atomic
def match_lines(*, bill: ProviderBill) -> None:
    """Write down for every line which payment or refund it is and how the two agree; nothing else changes."""
    with connection.cursor() as cursor:
        cursor.execute(MATCH, {"bill": bill.pk, "gateway": bill.gateway, "is_trade": bill.kind == "trade"})


def match_again() -> int:
    """Look once more at what did not agree: a payment may have been settled since; return how many bills."""
    open_bills = ProviderBill.objects.filter(
        is_current=True, lines__match__in=["amount", "number", "state", "unknown"]
    ).distinct()
    for bill in open_bills:
        match_lines(bill=bill)
    return len(open_bills)
