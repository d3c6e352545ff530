"""The provider's daily bills: brought in once, matched line by line, and the fees in them posted."""

import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from common.audit import actor_of, record
from common.errors import MarketError
from ledger.models import LedgerTransaction
from ledger.services.posting import Posting, post, reverse
from ledger.statuses import Kind, Purpose
from payments.errors import BillDiffers, GatewayUnavailable, NoBill
from payments.gateways import get_gateway
from payments.gateways.bills import READERS, read_bill
from payments.gateways.bills.base import Bill
from payments.models import ProviderBill, ProviderBillLine
from payments.selectors import current_bill
from payments.services.matching import match_lines
from payments.statuses import BillKind, BillLineKind

logger = logging.getLogger(__name__)

SHANGHAI = ZoneInfo("Asia/Shanghai")  # the providers' day, whatever the market's zone is
READY_AT = time(10, 15)  # both promise the bill of yesterday for ten o'clock
LOOK_BACK = 7  # days; a bill that is not there by then is asked for by hand


def fetch_bills(*, now: datetime) -> int:
    """Bring in every bill of the last days that is ready and not here; return how many came.

    A silent provider, or a bill that does not hold, is tried again at the next round and keeps no other
    from coming.
    """
    local, done = now.astimezone(SHANGHAI), 0
    newest = local.date() - timedelta(days=1 if local.time() >= READY_AT else 2)
    days = [newest - timedelta(days=back) for back in reversed(range(LOOK_BACK))]
    offered = {*settings.PAYMENT_GATEWAYS, *settings.PAYMENT_GATEWAYS_RETIRED}
    for gateway, kind in [one for one in READERS if one[0] in offered]:
        here = ProviderBill.objects.filter(
            gateway=gateway, kind=kind, bill_on__in=days, is_current=True
        ).values_list("bill_on", flat=True)
        for day in [day for day in days if day not in set(here)]:
            done += _try(gateway, kind, day, now)
    return done


def fetch_bill(
    *, gateway: str, kind: str, day: date, now: datetime, actor: User | None = None, reason: str = ""
) -> ProviderBill:
    """Ask the provider for one bill and bring it in; see import_bill. NoBill, GatewayUnavailable."""
    if (gateway, kind) not in READERS:
        raise NoBill()
    content = get_gateway(gateway).fetch_bill(kind, day)
    return import_bill(
        gateway=gateway, kind=kind, day=day, content=content, now=now, actor=actor, reason=reason
    )


def import_bill(
    *,
    gateway: str,
    kind: str,
    day: date,
    content: bytes,
    now: datetime,
    actor: User | None = None,
    reason: str = "",
) -> ProviderBill:
    """Bring in the bill of one day: its lines matched, its fees posted, all or nothing.

    What is here already comes back as it is. Other contents for the same day need a reason, which makes a
    new version: the old one stays, and its fees are taken back. BadBill; BillDiffers.
    """
    merchant = get_gateway(gateway).merchant
    bill = read_bill(gateway=gateway, kind=kind, content=content, merchant=merchant, day=day)
    with transaction.atomic():
        _wait_for_turn(gateway, kind, day)
        before = current_bill(gateway=gateway, kind=kind, day=day)
        if before is not None and before.digest == bill.digest:
            return before
        if before is None or reason:
            return _keep(bill, before, gateway, kind, day, now, actor, reason)
    record(
        actor=actor_of(actor),
        action="payments.bill_differs",
        target=f"providerbill:{before.pk}",
        before={"digest": before.digest},
        after={"digest": bill.digest},
        now=now,
    )
    raise BillDiffers()


def _try(gateway: str, kind: str, day: date, now: datetime) -> bool:
    try:
        fetch_bill(gateway=gateway, kind=kind, day=day, now=now)
    except NoBill:
        return False
    except GatewayUnavailable as silence:
        logger.warning("bill %s of %s %s: %s", kind, gateway, day, silence.detail)
        return False
    except MarketError as refusal:
        logger.error(
            "bill %s of %s %s: %s %s", kind, gateway, day, refusal.code, getattr(refusal, "detail", "")
        )
        return False
    return True


def _wait_for_turn(gateway: str, kind: str, day: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bill:{gateway}:{kind}:{day}"]
        )


def _keep(
    bill: Bill,
    before: ProviderBill | None,
    gateway: str,
    kind: str,
    day: date,
    now: datetime,
    actor: User | None,
    reason: str,
) -> ProviderBill:
    if before is not None:
        before.is_current, before.replaced_at = False, now
        before.save(update_fields=["is_current", "replaced_at"])
        _take_fees_back(before, reason, now)
    kept = ProviderBill.objects.create(
        gateway=gateway,
        kind=kind,
        bill_on=day,
        version=before.version + 1 if before else 1,
        digest=bill.digest,
        line_count=len(bill.lines),
        paid_fen=bill.total(BillLineKind.PAYMENT),
        refunded_fen=bill.total(BillLineKind.REFUND),
        fee_fen=bill.fee_fen,
        imported_by=actor,
        imported_at=now,
        reason=reason,
    )
    lines = ProviderBillLine.objects.bulk_create(
        [
            ProviderBillLine(
                bill=kept,
                position=position,
                kind=line.kind,
                happened_at=line.happened_at,
                reference=line.reference,
                provider_reference=line.provider_reference,
                payment_reference=line.payment_reference,
                amount_fen=line.amount_fen,
                fee_fen=line.fee_fen,
            )
            for position, line in enumerate(bill.lines, start=1)
        ],
        batch_size=2000,
    )
    match_lines(bill=kept)
    if kind == BillKind.TRADE:  # the bill of movements tells the same fees once more
        _post_fees(kept, lines, now)
    record(
        actor=actor_of(actor),
        action="payments.bill_imported",
        target=f"providerbill:{kept.pk}",
        before={"bill": before.pk} if before else None,
        after={"gateway": gateway, "day": day.isoformat(), "lines": len(lines), "fee_fen": kept.fee_fen},
        reason=reason,
        now=now,
    )
    return kept


def _post_fees(bill: ProviderBill, lines: Sequence[ProviderBillLine], now: datetime) -> None:
    """Post what the provider kept, a line of the book for each of the bill; it never reached our account."""
    postings = [
        Posting(Purpose.PROVIDER_FEE, line.fee_fen, f"provider_bill_line:{line.pk}")
        for line in lines
        if line.fee_fen
    ]
    if not postings:
        return
    source = f"provider_bill:{bill.pk}"
    post(
        kind=Kind.PROVIDER_FEE,
        key=f"provider_fee:{bill.pk}",
        source=source,
        postings=[*postings, Posting(Purpose.CASH, -bill.fee_fen, source)],
        now=now,
    )


def _take_fees_back(bill: ProviderBill, reason: str, now: datetime) -> None:
    posted = LedgerTransaction.objects.filter(key=f"provider_fee:{bill.pk}").first()
    if posted is not None:
        reverse(transaction_id=posted.pk, memo=reason[:200], now=now)
