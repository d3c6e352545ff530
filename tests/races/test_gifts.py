"""Gifts, and many at once: money gives a gift once, goes back once, and a day has one limit."""

import functools
import threading
import uuid

import pytest

from backoffice.comparing import JOBS
from common.clock import utc_now
from common.errors import MoveRefused
from ledger.models import LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from livestreams.errors import GiftLimit
from livestreams.models import ChatMessage, Gift
from livestreams.services import gifting
from payments.models import Payment, Refund
from payments.services import fulfilling
from payments.services.returning_gifts import return_gift
from payments.services.settling import new_reference, settle_payment
from tests.factories.gifts import choose, make_gift_kind
from tests.factories.livestreams import make_session
from tests.factories.sandbox import sandbox, sandbox_process
from tests.factories.shops import make_person
from tests.payments.test_settling import facts_of
from tests.together import run_together

__all__ = ["sandbox", "sandbox_process"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def show(market):
    return make_session(host=market.host, shop=market.shop)


@pytest.fixture
def gift(arun, show, sandbox) -> Gift:
    return choose(giver=arun, session=show, kind=make_gift_kind())


def payment_of(gift) -> Payment:
    now = utc_now()
    return Payment.objects.create(
        purpose="gift", gift=gift, gateway="sandbox", status="pending", amount_fen=gift.amount_fen,
        reference=new_reference("P", now), created_at=now, expires_at=gift.expires_at,
    )  # fmt: skip


def arrives(payment):
    """The provider says that it is paid, as it does in a callback."""
    return functools.partial(settle_payment, payment_id=payment.pk, facts=facts_of(payment), now=utc_now())


def owed(market) -> int:
    return -balance_of(purpose="host_payable", owner_kind="host", owner_id=market.host.pk)


def differences() -> list[str]:
    return [one.kind for job in ("gifts_money", "payments_book", "balances") for one in JOBS[job](utc_now())]


def test_b5_the_same_callback_eight_times_at_once_gives_once(market, gift):
    results = run_together(*[arrives(payment_of(gift))] * 8)

    assert [result.problem for result in results] == [""] * 8
    assert (owed(market), LedgerTransaction.objects.count(), Refund.objects.count()) == (700, 1, 0)
    assert ChatMessage.objects.filter(kind="gift").count() == 1
    assert differences() == []


def test_of_six_payments_at_once_one_gives_and_five_go_back(market, gift):
    results = run_together(*(arrives(payment_of(gift)) for _ in range(6)))

    assert [result.problem for result in results] == [""] * 6
    assert (owed(market), Refund.objects.filter(reason="paid_twice").count()) == (700, 5)
    assert ChatMessage.objects.filter(kind="gift").count() == 1
    assert balance_of(purpose="unmatched") == -5 * 999
    assert trial_balance().is_right and differences() == []


def test_control_without_the_lock_two_payments_give_one_gift_twice(market, gift, monkeypatch):
    both_have_looked = threading.Barrier(2)

    def look(gift_id: int) -> Gift:
        return Gift.objects.get(pk=gift_id)

    def look_together(gift_id: int) -> Gift:
        found = look(gift_id)
        both_have_looked.wait(10)
        return found

    monkeypatch.setattr(fulfilling, "lock_gift", look)
    monkeypatch.setattr(gifting, "lock_gift", look_together)

    run_together(*(arrives(payment_of(gift)) for _ in range(2)))

    assert owed(market) == 1400
    assert ChatMessage.objects.filter(kind="gift").count() == 2
    assert {"gift_paid", "gift_of_host"} <= set(differences())


def given(gift) -> Gift:
    arrives(payment_of(gift))()
    return gift


def returns(gift) -> list:
    """Six operators who give the same gift back."""
    people = [make_person(name=f"操作员{place}", is_staff=True) for place in range(6)]
    back = functools.partial(return_gift, gift_id=gift.pk, reason="误点", now=utc_now())
    return [functools.partial(back, actor=person) for person in people]


def test_b10_six_operators_give_a_gift_back_once(market, gift):
    results = run_together(*returns(given(gift)))

    assert sum(isinstance(result, MoveRefused) for result in results) == 5, results
    assert (owed(market), Refund.objects.count(), balance_of(purpose="buyer_held")) == (0, 1, -999)
    assert differences() == []


def test_control_without_the_lock_they_break_on_the_database_instead(market, gift, monkeypatch):
    jobs = returns(given(gift))
    all_have_looked = threading.Barrier(6)

    def look(gift_id: int) -> Gift:
        found = Gift.objects.get(pk=gift_id)
        all_have_looked.wait(10)
        return found

    monkeypatch.setattr(gifting, "lock_gift", look)

    results = run_together(*jobs)

    broken = [
        result for result in results if isinstance(result, Exception) and not isinstance(result, MoveRefused)
    ]
    assert len(broken) == 5, results
    assert Refund.objects.count() == 1


def chooses(arun, show, kind) -> list:
    send = functools.partial(
        gifting.send_gift, giver=arun, session_id=show.pk, kind_id=kind.pk, quantity=1, now=utc_now()
    )
    return [functools.partial(send, idempotency_key=uuid.uuid4()) for _ in range(4)]


def test_the_limit_of_a_day_holds_for_gifts_at_once(arun, show, settings):
    settings.GIFT_DAY_MAX_FEN = 2 * 999

    results = run_together(*chooses(arun, show, make_gift_kind()))

    assert sum(isinstance(result, GiftLimit) for result in results) == 2, results
    assert Gift.objects.count() == 2


def test_control_without_the_lock_the_limit_of_a_day_is_overrun(arun, show, settings, monkeypatch):
    settings.GIFT_DAY_MAX_FEN = 2 * 999
    all_have_counted = threading.Barrier(4)
    count = gifting._given_today

    def count_together(giver, now):
        counted = count(giver, now)
        all_have_counted.wait(10)
        return counted

    monkeypatch.setattr(gifting, "lock", lambda name: None)
    monkeypatch.setattr(gifting, "_given_today", count_together)

    run_together(*chooses(arun, show, make_gift_kind()))

    assert Gift.objects.count() == 4


def test_a_gift_that_expires_while_it_is_paid_is_given_or_paid_back(market, arun, show, sandbox):
    kind = make_gift_kind()
    for _ in range(5):
        gift = choose(giver=arun, session=show, kind=kind)
        payment = payment_of(gift)
        before = owed(market)

        run_together(
            arrives(payment), functools.partial(gifting.expire_gift, gift_id=gift.pk, now=gift.expires_at)
        )

        gift.refresh_from_db()
        is_back = Refund.objects.filter(payment=payment, reason="paid_too_late").exists()
        assert (gift.status, is_back, owed(market) - before) in [("paid", False, 700), ("expired", True, 0)]
    assert differences() == []
