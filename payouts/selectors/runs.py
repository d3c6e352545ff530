"""What who checks or follows a run looks at first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Q

from payouts.models import Payout, PayoutRun, PayoutTransfer
from payouts.selectors.payability import PAYEE_FIELDS, payee_of
from payouts.statuses import OPEN_TRANSFERS, PayoutMethod, PayoutStatus, TransferStatus
from payouts.transfers import ONLINE

ENDED = (TransferStatus.PAID, TransferStatus.FAILED, TransferStatus.RETURNED)


@dataclass(frozen=True)
class RunRow:
    """One payout of a run; `last_fen` is what the payee was paid last, None for a first time."""

    transfer: PayoutTransfer
    payee_name: str
    last_fen: int | None
    is_large: bool
    is_odd: bool

    @property
    def difference_fen(self) -> int | None:
        """Return how much more than the last time it is."""
        return None if self.last_fen is None else self.transfer.amount_fen - self.last_fen

    @property
    def rank(self) -> tuple:
        """Return the place in the list: what cannot be paid, then what is large or odd, then by sum."""
        is_held = self.transfer.status in (TransferStatus.HELD, TransferStatus.LEFT_OUT)
        return (not is_held, not (self.is_large or self.is_odd), -self.transfer.amount_fen)


@dataclass
class WaySum:
    """What leaves by one way."""

    way: str
    label: str
    count: int = 0
    amount_fen: int = 0


@dataclass
class Board:
    """A run at one moment. Sums are in fen; `payable_fen` is what an approval or the sending is about."""

    rows: list[RunRow]
    ways: list[WaySum]
    states: dict[str, int]
    payable_fen: int
    held_fen: int
    paid_fen: int
    last_fen: int
    first_times: int
    done: int = 0
    to_do: int = 0
    # Called by a worker right now; and taken by the provider, but not yet by the payee.
    moving: int = 0
    waiting_for_payees: int = 0
    failed: int = 0
    bank_codes_missing: int = 0
    cash_rows: list[RunRow] = field(default_factory=list)

    @property
    def difference_fen(self) -> int:
        """Return how much more is paid than the same payees got last."""
        return sum(row.difference_fen or 0 for row in self.rows if _counts(row.transfer))


def board_of(run: PayoutRun) -> Board:
    """Return everything about a run, the rows that need a look first."""
    transfers = list(
        run.transfers.select_related(
            "payout__statement__farmer", "payout__statement__host", "payout__statement__payee_shop",
            "account_version", "receipt",
        )
    )  # fmt: skip
    last = last_paid(transfers)
    rows = sorted(
        (_row(transfer, last.get(transfer.payout_id)) for transfer in transfers), key=lambda r: r.rank
    )
    counted = [row for row in rows if _counts(row.transfer)]
    ways = {way.value: WaySum(way.value, way.label) for way in PayoutMethod}
    for row in counted:
        ways[row.transfer.way].count += 1
        ways[row.transfer.way].amount_fen += row.transfer.amount_fen
    states = Counter(row.transfer.status for row in rows)
    held = [row for row in rows if row not in counted]
    return Board(
        rows=rows,
        ways=[way for way in ways.values() if way.count],
        states={state.value: states[state.value] for state in TransferStatus if states[state.value]},
        payable_fen=sum(row.transfer.amount_fen for row in counted),
        held_fen=sum(row.transfer.amount_fen for row in held),
        paid_fen=sum(row.transfer.amount_fen for row in rows if row.transfer.status == TransferStatus.PAID),
        last_fen=sum(row.last_fen or 0 for row in counted),
        first_times=sum(row.last_fen is None for row in counted),
        done=sum(row.transfer.status in ENDED for row in rows),
        to_do=len(counted),
        moving=sum(
            row.transfer.way in ONLINE
            and row.transfer.status in (TransferStatus.READY, TransferStatus.SENDING)
            and not row.transfer.waits_for_payee
            for row in rows
        ),
        waiting_for_payees=sum(row.transfer.waits_for_payee for row in rows),
        failed=states[TransferStatus.FAILED] + states[TransferStatus.RETURNED],
        bank_codes_missing=sum(
            row.transfer.way == PayoutMethod.BANK and not row.transfer.account_version.bank_code
            for row in counted
        ),
        cash_rows=[
            row
            for row in counted
            if row.transfer.way == PayoutMethod.CASH and row.transfer.status in OPEN_TRANSFERS
        ],
    )


def last_paid(transfers: Iterable[PayoutTransfer]) -> dict[int, int]:
    """Return what the payee of each payout was paid last in the same shop before it, by payout."""
    wanted = {
        one.payout_id: (one.payout.statement.period_id, *payee_of(one.payout.statement)) for one in transfers
    }
    named = Q(pk=None)
    for name in PAYEE_FIELDS:
        ids = {value for _period, field_name, value in wanted.values() if field_name == name}
        if ids:
            named |= Q(**{f"statement__{name}__in": ids})
    paid = Payout.objects.filter(named, status=PayoutStatus.PAID).select_related("statement__period")
    by_payee: dict[tuple, int] = {}
    mine = set(wanted)
    for payout in paid.exclude(pk__in=mine).order_by("statement__period__ends_at", "pk"):
        by_payee[(payout.statement.period.shop_id, *payee_of(payout.statement))] = payout.amount_fen
    shops = dict(Payout.objects.filter(pk__in=mine).values_list("pk", "statement__period__shop_id"))
    found = {pk: by_payee.get((shops[pk], name, value)) for pk, (_period, name, value) in wanted.items()}
    return {pk: amount for pk, amount in found.items() if amount is not None}


def _row(transfer: PayoutTransfer, last_fen: int | None) -> RunRow:
    statement, times = transfer.payout.statement, settings.PAYOUT_ODD_TIMES
    amount = transfer.amount_fen
    return RunRow(
        transfer=transfer,
        payee_name=statement.payee_name or statement.payee.name,
        last_fen=last_fen,
        is_large=amount >= settings.PAYOUT_LARGE_FEN,
        is_odd=last_fen is not None and (amount > last_fen * times or amount * times < last_fen),
    )


def _counts(transfer: PayoutTransfer) -> bool:
    return transfer.status not in (TransferStatus.HELD, TransferStatus.LEFT_OUT)
