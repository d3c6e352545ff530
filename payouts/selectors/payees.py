"""What a closing has to know about payees, read for some hundreds of them at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.statuses import OwnerKind
from payouts.models import PayoutAccount, PayoutStatement, SettlementPeriod
from payouts.selectors.claims import Payee
from payouts.statuses import PayoutAccountStatus, PayoutMethod
from shops.models import Farmer, Host, Shop

BATCH = 200
FIELDS = {OwnerKind.FARMER: "farmer_id", OwnerKind.HOST: "host_id", OwnerKind.SHOP: "payee_shop_id"}
MODELS = {OwnerKind.FARMER: Farmer, OwnerKind.HOST: Host, OwnerKind.SHOP: Shop}


@dataclass(frozen=True)
class KnownPayee:
    """A payee with the name for the paper, the way the money goes, and the debt that is carried on."""

    payee: Payee
    name: str
    method: str
    debt: PayoutStatement | None

    @property
    def field(self) -> str:
        """Return the column of a statement that names the payee."""
        return FIELDS[OwnerKind(self.payee.owner_kind)]

    @property
    def named(self) -> dict[str, int]:
        """Return that column with its value."""
        return {self.field: self.payee.owner_id}


def known_payees(*, period: SettlementPeriod, payees: Sequence[Payee]) -> Iterator[KnownPayee]:
    """Give some payees of a closing, one after the other, each with what is known about them."""
    for kind in OwnerKind:
        ids = [payee.owner_id for payee in payees if payee.owner_kind == kind]
        if ids:
            yield from _known(period, kind, ids)


def _known(period: SettlementPeriod, kind: str, ids: list[int]) -> Iterator[KnownPayee]:
    field = FIELDS[OwnerKind(kind)]
    names = dict(MODELS[OwnerKind(kind)].objects.filter(pk__in=ids).values_list("pk", "name"))
    accounts = PayoutAccount.objects.filter(status=PayoutAccountStatus.ACTIVE, **{f"{field}__in": ids})
    methods = dict(accounts.values_list(field, "method"))
    # Earlier statements of the payee in this shop that ended below zero and were not carried on yet.
    owed = PayoutStatement.objects.filter(
        period__shop_id=period.shop_id, net_fen__lt=0, carried_into=None, **{f"{field}__in": ids}
    ).exclude(period=period)
    debts = {getattr(debt, field): debt for debt in owed.order_by("period__ends_at", "pk")}
    for pk in ids:
        yield KnownPayee(Payee(kind, pk), names[pk], methods.get(pk, PayoutMethod.CASH), debts.get(pk))
