"""Statements as their payee, or the shop that prints them, may read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import NotFound
from ledger.models import LedgerEntry
from livestreams.models import Gift
from livestreams.selectors.gifts import gifts_by_id
from orders.models import Order, OrderLine
from orders.weight_cards import weighing_text
from payouts.models import PayoutStatement, SettlementPeriod, StatementLine
from payouts.statuses import LineKind

SOLD = (LineKind.SALE, LineKind.HOST_COMMISSION)
GIVEN = (LineKind.GIFT, LineKind.GIFT_RETURNED)


@dataclass(frozen=True)
class StatementRow:
    """One line for a page, in fen. `order_number` is linked only for members of the shop (`order_url`)."""

    posted_at: datetime
    kind: str
    kind_label: str
    title: str
    quantity: int | None
    order_number: str
    order_url: str
    lots: list[str]
    live_url: str
    live_at: datetime | None
    gross_fen: int
    commission_fen: int
    platform_fee_fen: int
    amount_fen: int
    note: str = ""  # why money went back, where the goods were weighed; why it was corrected


@dataclass(frozen=True)
class Part:
    """One part of the bar that splits a sum."""

    label: str
    amount_fen: int
    kind: str


def list_statements(*, user: User) -> QuerySet:
    """Return the person's own statements, newest first."""
    return _with_parts(PayoutStatement.objects.for_payee(user))


def list_statements_to_print(*, user: User) -> QuerySet:
    """Return statements of farmers that the person's shop prints for them, newest first."""
    own = PayoutStatement.objects.for_payee(user).values("pk")
    return _with_parts(PayoutStatement.objects.for_shop_owner(user).exclude(pk__in=own))


def list_periods_to_print(*, user: User) -> QuerySet:
    """Return closed periods of the person's shops in which farmers earned something, newest first."""
    printed = PayoutStatement.objects.for_shop_owner(user).values("period")
    return SettlementPeriod.objects.filter(pk__in=printed).order_by("-ends_at", "-pk")


def list_period_to_print(*, user: User, period_id: int) -> QuerySet:
    """Return the farmers' statements of one period of the person's shop by name, else NotFound."""
    statements = PayoutStatement.objects.for_shop_owner(user).filter(period_id=period_id)
    if not statements.exists():
        raise NotFound()
    return _with_parts(statements).order_by("payee_name", "pk")


def list_visible_statements(*, user: User) -> QuerySet:
    """Return the person's own statements and those they print, newest first."""
    return _with_parts(PayoutStatement.objects.visible_to(user))


def get_statement(*, user: User, statement_id: int) -> PayoutStatement:
    """Return one's own statement, that of a farmer of one's shop, or any to an operator; else NotFound."""
    may_see_all = user.is_staff and user.has_perm("payouts.view_payoutstatement")
    statements = PayoutStatement.objects.all() if may_see_all else PayoutStatement.objects.visible_to(user)
    statement = _with_parts(statements).filter(pk=statement_id).first()
    if statement is None:
        raise NotFound()
    return statement


def list_lines(*, statement: PayoutStatement) -> QuerySet:
    """Return the lines of a statement, oldest first, with the moment that sold them."""
    return (
        statement.lines.select_related(
            "order_line__live_session",
            "order_line__pin_event__chapter",
            "order_line__flash_deal",
            "order_line__weighing",
            "entry__transaction",
        )
        .prefetch_related("order_line__allocations__lot")
        .order_by("posted_at", "pk")
    )


def gifts_of(lines: Iterable[StatementLine]) -> dict[int, Gift]:
    """Return the gifts that lines are about, by the entry of the book that a line claims."""
    entries = [line.entry_id for line in lines if line.kind in GIVEN]
    sources = dict(LedgerEntry.objects.filter(pk__in=entries).values_list("pk", "source"))
    numbers = {entry: int(source.removeprefix("gift:")) for entry, source in sources.items()}
    gifts = gifts_by_id(set(numbers.values()))
    return {entry: gifts[number] for entry, number in numbers.items()}


def statement_lines(*, statement: PayoutStatement, viewer: User) -> list[StatementRow]:
    """Return the lines for a page; orders are linked where the viewer works in the shop."""
    lines = list(list_lines(statement=statement))
    numbers = {line.order_number for line in lines}
    linked = set(Order.objects.for_member(viewer).filter(number__in=numbers).values_list("number", flat=True))
    gifts = gifts_of(lines)
    return [
        row_of(line, is_linked=line.order_number in linked, gift=gifts.get(line.entry_id)) for line in lines
    ]


def replay_seconds(line: StatementLine, gift: Gift | None = None) -> int | None:
    """Return the second of the replay at which goods were shown or a gift was given, once it is cut.

    Of a deal that was bought while its goods were not shown: at which the deal began.
    """
    sold, at_ms = line.order_line, None
    if gift is not None:
        at_ms = gift.media_time_ms
    elif sold is not None and sold.pin_event_id:
        chapter = getattr(sold.pin_event, "chapter", None)
        at_ms = chapter.starts_ms if chapter else None
    elif sold is not None and sold.flash_deal_id:
        at_ms = sold.flash_deal.media_time_ms
    return at_ms // 1000 if at_ms is not None else None


def lots_of(line: StatementLine) -> list[str]:
    """Return the codes of the payee's lots that a line of goods was sold from."""
    if line.order_line is None or line.kind not in (LineKind.SALE, LineKind.REFUND):
        return []
    farmer_id = line.statement.farmer_id
    taken = [one for one in line.order_line.allocations.all() if one.quantity > one.moved]
    return sorted({one.lot.code for one in taken if one.farmer_id == farmer_id})


def split_of(statement: PayoutStatement) -> list[Part]:
    """Return how what buyers paid was shared; empty where the whole sum is the payee's."""
    if statement.host_id is not None or not (statement.commission_fen or statement.platform_fee_fen):
        return []
    own_fen = statement.gross_fen - statement.commission_fen - statement.platform_fee_fen
    parts = [
        Part(_("Yours"), own_fen, "farmer"),
        Part(_("Host's share"), statement.commission_fen, "host"),
        Part(_("Market's share"), statement.platform_fee_fen, "platform"),
        Part(_("Freight"), statement.freight_fen, "freight"),
    ]
    return [part for part in parts if part.amount_fen > 0]


def _with_parts(statements: QuerySet) -> QuerySet:
    return statements.select_related(
        "period__shop__village", "farmer__village", "host__village", "payee_shop__village", "payout"
    ).order_by("-period__ends_at", "-pk")


def row_of(line: StatementLine, *, is_linked: bool, gift: Gift | None = None) -> StatementRow:
    """Return a line for a page or a paper; the order is linked where the viewer works in the shop."""
    sold = line.order_line
    return StatementRow(
        posted_at=line.posted_at,
        kind=line.kind,
        kind_label=str(LineKind(line.kind).label),
        title=_title(line, gift),
        # What came back may be fewer than what was sold: only a sale says how many.
        quantity=gift.quantity if gift else sold.quantity if sold and line.kind in SOLD else None,
        order_number=line.order_number,
        order_url=f"/desk/orders/{line.order_number}/" if is_linked else "",
        lots=lots_of(line),
        live_url=_place(gift.session_id, replay_seconds(line, gift)) if gift else _live_url(line),
        live_at=_shown_at(sold, gift),
        gross_fen=line.gross_fen,
        commission_fen=line.commission_fen,
        platform_fee_fen=line.platform_fee_fen,
        amount_fen=line.amount_fen,
        note=note_of(line),
    )


def _shown_at(sold: OrderLine | None, gift: Gift | None) -> datetime | None:
    if gift is not None:
        return gift.paid_at
    if sold is not None and sold.pin_event_id:
        return sold.pin_event.opened_at
    return sold.flash_deal.starts_at if sold is not None and sold.flash_deal_id else None


def _title(line: StatementLine, gift: Gift | None) -> str:
    if gift is not None:
        return gift.name
    sold = line.order_line
    return f"{sold.title} {sold.variant_name}" if sold else ""


def note_of(line: StatementLine) -> str:
    """Return why money came or went: where goods were weighed, and the reason of a correction."""
    if line.kind == LineKind.CORRECTION:
        return line.entry.transaction.memo
    weighing = getattr(line.order_line, "weighing", None) if line.kind == LineKind.REFUND else None
    return weighing_text(weighing) if weighing is not None and weighing.case_id else ""


def _live_url(line: StatementLine) -> str:
    sold = line.order_line
    if sold is None or sold.live_session_id is None:
        return ""
    return _place(sold.live_session_id, replay_seconds(line))


def _place(session_id: int, seconds: int | None) -> str:
    return f"/live/{session_id}/?t={seconds}" if seconds is not None else f"/live/{session_id}/"
