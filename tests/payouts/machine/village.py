"""The people and goods of the machine of money, made once for all examples, and its clock.

Goods are sold on the real clock, which signs their sources; parcels arrive, periods close and money goes out
on a clock that the rules turn on.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from accounts.models import Address, User
from common.clock import utc_now
from common.errors import MarketError
from ledger.models import LedgerEntry
from livestreams.models import FlashDeal, RundownItem
from livestreams.services.timing_deals import watch_deals
from livestreams.sources import make_source
from orders.models import CouponCampaign
from payouts.models import Payout, PayoutAccount, PayoutStatement, SettlementPeriod, StatementLine
from payouts.services.opening import open_period_for
from shops.models import Farmer, Host, Shop, Variant
from tests.factories.coupons import make_campaign
from tests.factories.livestreams import NOW, add_to_rundown, make_deal, make_pin, make_session
from tests.factories.lots import bring, make_pool
from tests.factories.orders import make_address
from tests.factories.runs import make_account
from tests.factories.shops import (
    authorize_host,
    authorize_shop,
    make_farmer,
    make_person,
    make_product,
    make_shop,
    make_variant,
)
from tests.payouts.machine.outside import Provider

PICK = st.integers(0, 40)
WHO = st.integers(0, 1)
NAMES = {"farmer": "farmer", "host": "host", "shop": "payee_shop"}
FLOOR_BP = 8_000
PLENTY = 100_000


@dataclass(frozen=True)
class Village:
    """Two co-operatives, two farmers (tashi sells through both), a host on air with pins and a deal."""

    shops: list[Shop]
    sellers: dict[int, User]
    farmers: list[Farmer]
    host: Host
    goods: dict[str, Variant]
    sources: dict[str, str]
    item: RundownItem
    deal: FlashDeal
    campaigns: dict[str, CouponCampaign]
    buyer: User
    address: Address
    operators: list[User]
    payees: list[Farmer | Host | Shop]
    began_at: datetime
    parcels: dict[str, list[int]] = field(default_factory=dict)


def settle_village(market) -> Village:
    """Make all of it."""
    mei = market.shop.memberships.get().user
    lao = make_person(name="老和")
    other = make_shop(owner=lao, village=market.village, name="老和合作社")
    pema = make_farmer(village=market.village, name="白玛")
    for grant in (market.shop_authorization, market.host_authorization):
        grant.floor_price_bp = FLOOR_BP
        grant.save(update_fields=["floor_price_bp"])
    authorize_shop(farmer=market.farmer, shop=other)
    authorize_shop(farmer=pema, shop=market.shop, floor_price_bp=5_000)
    authorize_host(farmer=pema, host=market.host, host_commission_bp=1_250)

    def goods(shop: Shop, farmer: Farmer | None, price_fen: int) -> Variant:
        product = make_product(
            shop=shop, farmer=farmer, price_fen=price_fen, stock=PLENTY, category=market.category,
            title=f"山货 {price_fen}", with_photo=False,
        )  # fmt: skip
        return product.variants.get()

    # Both bring lots of one product: whose goods go out is decided by the published policy.
    pool = make_pool(shop=market.shop, actor=mei, now=utc_now(), price_fen=4_999)
    for farmer, units in ((market.farmer, 70), (pema, 40)):
        bring(actor=mei, variant=pool, farmer=farmer, quantity=units, now=utc_now())
    barley = make_variant(product=market.product, name="大袋", price_fen=6_801, stock=PLENTY)
    honey, gifts = goods(market.shop, pema, 12_999), goods(market.shop, None, 4_501)
    tea, butter = goods(other, market.farmer, 3_333), goods(other, None, 777)
    session = make_session(host=market.host, shop=market.shop)
    sources, items = {}, []
    shown = (("barley", barley, 500), ("honey", honey, 1_250), ("gifts", gifts, 333), ("pool", pool, 500))
    for name, variant, rate in shown:
        item = add_to_rundown(session=session, variant=variant, host_commission_bp=rate)
        pin = make_pin(item=item, closed_at=NOW)
        sources[name] = make_source(
            kind="pin", session_id=session.pk, pin_event_id=pin.pk, variant_id=variant.pk
        )
        items.append(item)
    deal = make_deal(item=items[0], price_fen=5_501, quantity=9_999, seconds=14_400)
    watch_deals()
    live = {"cost_bearer": "host", "host": market.host, "is_live_only": True, "live_session": session}
    often = {"total": 9_999, "per_person": 20}
    campaigns = {
        "of the shop": make_campaign(
            shop=market.shop, by=mei, amount_off_fen=777, minimum_fen=3_000, **often
        ),
        "of the market": make_campaign(
            shop=None, by=mei, percent_off=7, cap_fen=2_000, minimum_fen=100, **often
        ),
        "of the host": make_campaign(
            shop=market.shop, by=mei, amount_off_fen=501, minimum_fen=3_000, **often, **live
        ),
    }  # fmt: skip
    buyer = make_person(name="阿润")
    operators = [make_person(name=name, is_staff=True) for name in ("运营员", "出纳员")]
    shops = [market.shop, other]
    now = utc_now()
    writer, checker = operators
    # The second shop has no account yet: what it is owed is held.
    for payee, method in (
        (market.farmer, "bank"), (pema, "alipay"), (market.host, "alipay"), (market.shop, "cash"),
    ):  # fmt: skip
        make_account(payee=payee, writer=writer, checker=checker, now=now, method=method)
    for shop in shops:
        open_period_for(shop=shop, now=now)
    return Village(
        shops=shops,
        sellers={market.shop.pk: mei, other.pk: lao},
        farmers=[market.farmer, pema],
        host=market.host,
        goods={"barley": barley, "honey": honey, "gifts": gifts, "tea": tea, "butter": butter, "pool": pool},
        sources=sources,
        item=items[0],
        deal=deal,
        campaigns=campaigns,
        buyer=buyer,
        address=make_address(user=buyer),
        operators=operators,
        payees=[market.farmer, pema, market.host, *shops],
        began_at=now,
    )


class MoneyDay(RuleBasedStateMachine):
    """What every rule needs."""

    village: Village

    def __init__(self) -> None:
        super().__init__()
        self.shift = timedelta()
        # What the rules expect of the tallies, kept beside the services: entry → the tally that claims it.
        self.claimed: dict[int, int] = {}
        self.sealed: dict[int, tuple] = {}
        self.shops: dict[str, int] = {}
        # Of a closing that was killed: whose tally was made, and the last entry of the book at that moment.
        self.settled: dict[int, dict[tuple[str, int], int]] = {}
        # What has left for each payout and did not come back, in fen, as bank, provider and till know it.
        self.left: Counter[int] = Counter()
        self.provider = Provider()
        # Recalled lots whose buyers no worker has served yet.
        self.unserved: list[int] = []

    @property
    def now(self) -> datetime:
        """The clock of this example, which only goes on."""
        return utc_now() + self.shift

    def one(self, which: int, rows: QuerySet):
        """Return one of the rows, or None when there is none."""
        count = rows.count()
        return rows.order_by("pk")[which % count] if count else None

    @contextmanager
    def refused(self, *codes: str) -> Iterator[None]:
        """The service has to refuse with one of these codes, and nothing has changed."""
        before = self.everything()
        code = ""
        try:
            yield
        except MarketError as refusal:
            code = refusal.code
        assert code in codes, f"refused with {code!r}"
        assert self.everything() == before

    def payable(self, payout: Payout) -> bool:
        """Nobody questions it, and its payee has an account that was checked."""
        statement = PayoutStatement.objects.get(payout=payout)
        kind, pk = payee_of(statement)
        account = PayoutAccount.objects.filter(**{NAMES[kind]: pk}).first()
        is_checked = account is not None and account.status == "active" and account.verified_at is not None
        return statement.status != "disputed" and is_checked

    def everything(self) -> list:
        """Return what a refusal must not change."""
        return [
            LedgerEntry.objects.count(),
            StatementLine.objects.count(),
            list(SettlementPeriod.objects.order_by("pk").values_list("pk", "status", "ends_at")),
            list(PayoutStatement.objects.order_by("pk").values_list("pk", "status", "net_fen")),
            list(Payout.objects.order_by("pk").values_list("pk", "status", "approved_by", "paid_by")),
        ]


def payee_of(statement: PayoutStatement) -> tuple[str, int]:
    """Return whose tally it is, as the book names them."""
    if statement.farmer_id:
        return ("farmer", statement.farmer_id)
    return ("host", statement.host_id) if statement.host_id else ("shop", statement.payee_shop_id)


def key() -> uuid.UUID:
    """Return a fresh key."""
    return uuid.uuid4()
