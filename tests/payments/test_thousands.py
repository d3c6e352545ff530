"""PR2: two thousand payments through both real adapters, with callbacks that get lost, come twice, late, in
any order, over another amount or changed on their way: each success ends as one paid purchase or one refund.

CALLBACKS_SEED repeats a run.
"""

import contextlib
import os
import random
import threading
import uuid
from collections import Counter, defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.db.models import Q, Sum
from django.test import Client

from accounts.models import Address, User
from accounts.selectors import mark_of
from common import outbox
from common.clock import utc_now
from common.models import OutboxMessage
from ledger.models import LedgerEntry, LedgerTransaction
from livestreams.models import FlashDeal
from orders.models import Order
from orders.services.batching import Wish
from orders.services.batching.batch import MOST, place_batch
from orders.services.cancelling import cancel_by_buyer, expire_group
from orders.services.reconciling import find_stock_discrepancies
from payments.models import Payment, PaymentCallback, Refund
from payments.services.closing import close_leftovers, poll_open
from payments.services.refunding import retry_refunds
from payments.services.starting import start_payment
from tests.factories.accounts import make_sign_in
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.providers import METHOD
from tests.factories.shops import make_product

pytestmark = pytest.mark.django_db(transaction=True)

GATEWAYS = ("wechatpay", "alipay")
# Story → how many purchases. "twice" has two payments each, so these are 2,000 payments.
STORIES = {
    "prompt": 470,  # paid, its callback comes once or several times
    "lost": 300,  # paid, the callback never comes
    "forged": 100,  # paid, somebody changed the callback on its way; the true one follows or not
    "twice": 150,  # paid at both providers
    "late": 150,  # paid after it had run out, while there still is enough
    "late_and_sold": 100,  # paid after it had run out, and somebody else has the goods
    "takers": 100,  # who has them
    "called_off": 80,  # the buyer called it off, the money came all the same
    "regretted": 100,  # paid, then called off
    "other_amount": 50,  # the provider took another amount than we asked for
    "never": 250,  # nobody pays
}
PAYMENTS = sum(STORIES.values()) + STORIES["twice"]
hand = threading.local()  # what each of the four keeps


@dataclass
class Purchase:
    story: str
    buyer: User
    address_id: int
    group_id: int = 0
    payments: list[Payment] = field(default_factory=list)


@dataclass
class Day:
    """What happens at the market in this test, with four hands."""

    providers: object
    chance: random.Random
    deals: dict[str, FlashDeal]
    purchases: dict[str, list[Purchase]] = field(default_factory=lambda: defaultdict(list))

    def all_at_once(self, act, things: list) -> list:
        """Let four hands take these one after the other; return what each came to."""
        left, came = deque(enumerate(things)), [None] * len(things)

        def work() -> None:
            try:
                while left:
                    with contextlib.suppress(IndexError):
                        place, thing = left.popleft()
                        came[place] = act(thing)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(4) as hands:
            for done in [hands.submit(work) for _ in range(4)]:
                done.result()
        return came

    def place(self, purchases: list[Purchase]) -> None:
        """Place them through the door of deals, which takes many at once."""
        for name, deal in self.deals.items():
            mine = [
                one for one in purchases if (one.story in ("late_and_sold", "takers")) == (name == "scarce")
            ]
            for start in range(0, len(mine), MOST):
                some = mine[start : start + MOST]
                wishes = [
                    Wish(one.buyer.pk, mark_of(one.buyer.password), make_sign_in(one.buyer), uuid.uuid4(),
                         deal.pk, deal.rundown_item.variant_id, 1, one.address_id)
                    for one in some
                ]  # fmt: skip
                placed = place_batch(deal_id=deal.pk, wishes=wishes, now=utc_now())
                for one, outcome in zip(some, placed, strict=True):
                    one.group_id = outcome.answer["group"]

    def begin(self, purchase: Purchase) -> None:
        gateways = GATEWAYS if purchase.story == "twice" else (GATEWAYS[purchase.group_id % 2],)
        for gateway in gateways:
            payment, _ = start_payment(
                buyer=purchase.buyer, group_id=purchase.group_id, gateway=gateway, method=METHOD[gateway],
                idempotency_key=uuid.uuid4(), origin="http://testserver", now=utc_now(),
            )  # fmt: skip
            self.providers.visit(payment)
            purchase.payments.append(payment)

    def run_out(self, purchase: Purchase) -> None:
        payment = purchase.payments[0]
        expire_group(group_id=purchase.group_id, now=payment.group.expires_at)

    def call_off(self, purchase: Purchase) -> None:
        number = Order.objects.get(group_id=purchase.group_id).number
        cancel_by_buyer(buyer=purchase.buyer, number=number, now=utc_now())

    def work_off(self) -> None:
        """The worker: whatever payments has left in the outbox, each twice at the same time."""
        waiting = OutboxMessage.objects.filter(done_at=None, task__startswith="payments.")
        while messages := list(waiting.values_list("pk", flat=True)):
            self.all_at_once(lambda pk: outbox.deliver(pk, now=utc_now()), [*messages, *messages[:50]])

    def by_the_clock(self, now: datetime) -> None:
        poll_open(now=now, limit=PAYMENTS)
        close_leftovers(now=now)
        retry_refunds(now=now)

    def of(self, *stories: str) -> list[Purchase]:
        return [purchase for story in stories for purchase in self.purchases[story]]


@pytest.fixture
def day(market, providers, valkey, settings):
    settings.UNPAID_PURCHASES_MAX = 1000
    seed = int(os.environ.get("CALLBACKS_SEED") or random.SystemRandom().randrange(10**9))
    print(f"\nCALLBACKS_SEED={seed}")
    people = User.objects.bulk_create(
        User(phone=f"137{i:08d}", display_name=f"买家{i}", password="!none") for i in range(60)
    )
    homes = Address.objects.bulk_create(
        Address(user=one, recipient="阿润", phone="13800000003", region_code="310101", region="上海市黄浦区",
                detail="人民路 1 号")
        for one in people
    )  # fmt: skip
    session = make_session(host=market.host, shop=market.shop)
    deals = {}
    for name, units in (("plenty", 3000), ("scarce", STORIES["takers"])):
        goods = make_product(shop=market.shop, farmer=market.farmer, title=name, stock=units).variants.get()
        deals[name] = make_deal(item=add_to_rundown(session=session, variant=goods), quantity=units)
    day = Day(providers, random.Random(seed), deals)
    for story, number in STORIES.items():
        for i in range(number):
            day.purchases[story].append(Purchase(story, people[i % 60], homes[i % 60].pk))
    return day


def callbacks_of(day: Day) -> list[tuple[str, dict]]:
    """Let money come in wherever the story says so; return (gateway, message) as they will arrive."""
    paid = [p for p in day.of(*STORIES) if p.story != "never"]
    day.chance.shuffle(paid)
    wishes, owners = [], []
    for purchase in paid:
        for payment in purchase.payments:
            wish = {"provider": payment.gateway, "reference": payment.reference}
            if purchase.story == "other_amount":
                wish["fen"] = day.chance.choice([1, payment.amount_fen - 1, payment.amount_fen + 1])
            wishes.append(wish)
            owners.append(purchase)
    messages = day.providers.control("pay_all", payments=wishes)
    arriving = []
    for wish, purchase, message in zip(wishes, owners, messages, strict=True):
        copies = {
            "lost": 0,
            "forged": day.chance.choice([0, 1]),
            "other_amount": day.chance.choice([0, 1, 2]),
        }.get(purchase.story, day.chance.choice([1, 1, 1, 1, 2, 3]))
        arriving += [(wish["provider"], message)] * copies
        if purchase.story == "forged":
            changed = message["body"].replace("2", "3", 5)
            arriving.append((wish["provider"], message | {"body": changed}))
    day.chance.shuffle(arriving)
    return arriving


def deliver(arriving: tuple[str, dict]) -> int:
    gateway, message = arriving
    kind = "application/json" if gateway == "wechatpay" else "application/x-www-form-urlencoded"
    headers = {name: value for name, value in message["headers"].items() if name.lower() != "content-type"}
    if not hasattr(hand, "client"):
        hand.client = Client(raise_request_exception=False)
    door = f"/api/v1/payments/callbacks/{gateway}/"
    answer = hand.client.post(door, message["body"].encode(), content_type=kind, headers=headers)
    return answer.status_code


def test_pr2_each_of_two_thousand_payments_is_one_purchase_or_one_refund(day, providers):
    first = [p for p in day.of(*STORIES) if p.story != "takers"]
    day.place(first)
    day.all_at_once(day.begin, first)
    day.all_at_once(day.run_out, day.of("late", "late_and_sold"))
    day.all_at_once(day.call_off, day.of("called_off"))
    day.work_off()
    day.place(day.of("takers"))
    day.all_at_once(day.begin, day.of("takers"))

    statuses = Counter(day.all_at_once(deliver, callbacks_of(day)))
    day.by_the_clock(utc_now() + timedelta(minutes=1))
    day.all_at_once(day.call_off, day.of("regretted"))
    day.all_at_once(day.run_out, day.of("never", "other_amount"))
    for _ in range(2):
        day.work_off()
        day.by_the_clock(utc_now() + timedelta(minutes=20))

    assert sum(len(p.payments) for p in day.of(*STORIES)) == PAYMENTS == 2000
    assert statuses.keys() == {200, 401}
    check_every_payment(day, providers.state())
    check_books(providers.state())
    reasons = Counter(Refund.objects.values_list("reason", flat=True))
    assert reasons == {
        "paid_twice": STORIES["twice"],
        "paid_too_late": STORIES["late_and_sold"] + STORIES["called_off"],
        "cancelled_by_buyer": STORIES["regretted"],
    }


def check_every_payment(day: Day, provider: dict) -> None:
    """Each thing the provider holds to be paid is one paid purchase, one refund, or waits for an operator."""
    refunds = defaultdict(list)
    for refund in Refund.objects.select_related("payment"):
        refunds[refund.payment.reference].append(refund)
    ours = {payment.reference: payment for payment in Payment.objects.all()}
    states = dict(Order.objects.values_list("group_id", "status"))
    ends: dict[str, Counter] = defaultdict(Counter)
    paid_groups: Counter = Counter()
    for purchase in day.of(*STORIES):
        for started in purchase.payments:
            known = provider["payments"][started.gateway][started.reference]
            payment, back = ours[started.reference], refunds[started.reference]
            is_paid = known["state"] == "paid"
            if payment.status == "succeeded" and not back:
                paid_groups[purchase.group_id] += 1
                assert (is_paid, known["refunded_fen"], states[purchase.group_id]) == (True, 0, "paid")
                ends[purchase.story]["order"] += 1
            elif back:
                assert is_paid
                assert [(one.status, one.amount_fen) for one in back] == [("succeeded", known["amount_fen"])]
                assert known["refunded_fen"] == known["amount_fen"]
                assert back[0].reason
                ends[purchase.story]["refund"] += 1
            elif is_paid:
                assert payment.status == "failed"
                assert PaymentCallback.objects.filter(
                    Q(payment=payment), outcome="quarantined", problem__contains="amount_fen"
                ).exists()
                ends[purchase.story]["operator"] += 1
            else:
                assert (known["state"], payment.status) == ("closed", "closed")
                ends[purchase.story]["nothing"] += 1
                assert states[purchase.group_id] == "cancelled"
    assert set(paid_groups.values()) == {1}
    assert {group for group, status in states.items() if status == "paid"} == set(paid_groups)
    assert ends == {
        story: {
            "twice": {"order": number, "refund": number},
            "late_and_sold": {"refund": number},
            "called_off": {"refund": number},
            "regretted": {"refund": number},
            "other_amount": {"operator": number},
            "never": {"nothing": number},
        }.get(story, {"order": number})
        for story, number in STORIES.items()
    }


def check_books(provider: dict) -> None:
    """Our cash is what the provider took and has not sent back, and the books balance."""
    known = [payment for book in provider["payments"].values() for payment in book.values()]
    mine = [one for one in known if Payment.objects.filter(reference=one["reference"]).exists()]
    kept = sum(one["amount_fen"] - one["refunded_fen"] for one in mine if one["state"] == "paid")
    entries = LedgerEntry.objects.all()
    assert entries.aggregate(n=Sum("amount_fen"))["n"] == 0
    assert entries.filter(account__purpose="cash").aggregate(n=Sum("amount_fen"))["n"] == kept
    assert not LedgerTransaction.objects.annotate(n=Sum("entries__amount_fen")).exclude(n=0).exists()
    assert sum(provider["effects"][name].get("refund", 0) for name in GATEWAYS) == Refund.objects.count()
    assert find_stock_discrepancies() == []
