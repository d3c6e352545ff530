"""Payouts through Alipay and WeChat Pay, against the simulator that shares no code with us."""

from datetime import timedelta

import pytest

from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from ledger.errors import AlreadyReversed
from ledger.models import LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from ledger.services.posting import reverse
from notifications.models import Notification
from payments.errors import GatewayUnavailable
from payouts.models import Payout, PayoutAccount, PayoutAccountVersion, PayoutRun, PayoutTransfer
from payouts.sealing import seal
from payouts.services.keeping_accounts import restrict_account, write_account
from payouts.services.transferring import (
    ask_about,
    follow_transfers,
    note_returned,
    send_transfer,
    settle_transfer,
)
from payouts.transfers.base import Facts
from tests.factories.payouts import close_week, make_completed
from tests.factories.runs import FACTS, make_account, new_run, started_run, transfer_of

pytestmark = pytest.mark.django_db
GATEWAY = {"alipay": "alipay", "wechat": "wechatpay"}


@pytest.fixture(params=["alipay", "wechat"])
def way(request) -> str:
    return request.param


@pytest.fixture
def sent(market, arun, mei, operator, checker, now, providers, settings, way) -> PayoutTransfer:
    """What the farmer earned, in a run that was started; the worker has not come yet."""
    settings.PAYOUT_WAYS = ["bank", "cash", "alipay", "wechat"]
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    close_week(shop=market.shop, now=now)
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method=way)
    return transfer_of(started_run(maker=operator, checker=checker, now=now), farmer=market.farmer)


def owed(market) -> int:
    return -balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=market.farmer.pk)


def seen(providers, way) -> tuple[int, list[str]]:
    """How many transfers the provider has carried out, and what it was asked."""
    state = providers.state()
    return state["effects"][GATEWAY[way]].get("transfer", 0), state["calls"]


def test_a_payout_goes_out_is_posted_and_told(market, sent, providers, way, operator, checker, now):
    done = send_transfer(transfer_id=sent.pk, now=now)

    known = providers.state()["transfers"][GATEWAY[way]][sent.reference]
    assert (known["amount_fen"], known["payee"], known["name"]) == (6596, FACTS[way].detail, "扎西")
    assert (done.status, done.provider_reference, done.attempts) == ("paid", known["number"], 1)
    payout = Payout.objects.get(pk=sent.payout_id)
    assert (payout.status, payout.paid_by, payout.approved_by) == ("paid", operator, checker)
    assert (payout.paid_at, payout.reference) == (now, known["number"])
    posted = LedgerTransaction.objects.get(kind="payout")
    assert sorted(posted.entries.values_list("account__purpose", "amount_fen")) == [
        ("cash", -6596), ("farmer_payable", 6596),
    ]  # fmt: skip
    assert owed(market) == 0 and trial_balance().is_right
    assert PayoutRun.objects.get().status == "done"
    assert Notification.objects.filter(kind="payout_paid").count() == 1
    assert seen(providers, way) == (1, [f"{GATEWAY[way]}:transfer"])


def test_repeating_has_no_second_effect(sent, providers, way, now):
    for _ in range(3):
        send_transfer(transfer_id=sent.pk, now=now)

    assert follow_transfers(now=now + timedelta(hours=1)) == 0
    assert seen(providers, way) == (1, [f"{GATEWAY[way]}:transfer"])
    assert LedgerTransaction.objects.filter(kind="payout").count() == 1


def test_an_answer_that_is_lost_is_asked_for_and_nothing_is_sent_again(market, sent, providers, way, now):
    providers.knobs(hang_up=["transfer"])

    with pytest.raises(GatewayUnavailable):
        send_transfer(transfer_id=sent.pk, now=now)

    sent.refresh_from_db()
    assert (sent.status, sent.attempts, owed(market)) == ("sending", 1, 6596)
    assert follow_transfers(now=now + timedelta(seconds=30)) == 0
    assert follow_transfers(now=now + timedelta(minutes=2)) == 1
    sent.refresh_from_db()
    assert (sent.status, sent.attempts) == ("paid", 2)
    name = GATEWAY[way]
    assert seen(providers, way) == (1, [f"{name}:transfer", f"{name}:query_transfer"])


def test_what_never_arrived_is_asked_about_and_then_sent_under_the_same_number(sent, providers, way, now):
    providers.knobs(lose=["transfer"])
    with pytest.raises(GatewayUnavailable):
        send_transfer(transfer_id=sent.pk, now=now)
    assert seen(providers, way) == (0, [])

    assert follow_transfers(now=now + timedelta(minutes=2)) == 1

    name = GATEWAY[way]
    assert seen(providers, way) == (1, [f"{name}:query_transfer", f"{name}:transfer"])
    assert list(providers.state()["transfers"][name]) == [sent.reference]


def test_an_error_that_decides_nothing_leaves_it_on_its_way(market, sent, providers, way, now):
    code = {"alipay": "PAYER_BALANCE_NOT_ENOUGH", "wechat": "NOT_ENOUGH"}[way]
    providers.knobs(errors={"transfer": [code]})
    with pytest.raises(GatewayUnavailable):
        send_transfer(transfer_id=sent.pk, now=now)

    sent.refresh_from_db()
    assert (sent.status, owed(market)) == ("sending", 6596)
    assert code in sent.last_error
    assert follow_transfers(now=now + timedelta(minutes=2)) == 1
    assert seen(providers, way)[0] == 1


def test_a_refusal_fails_the_payout_once_the_provider_has_confirmed_it(market, sent, providers, way, now):
    code = {"alipay": "PAYEE_USER_INFO_ERROR", "wechat": "INVALID_REQUEST"}[way]
    providers.knobs(errors={"transfer": [code]})

    refused = send_transfer(transfer_id=sent.pk, now=now)

    assert (refused.status, refused.last_error) == ("failed", code)
    payout = Payout.objects.get(pk=sent.payout_id)
    assert (payout.status, payout.paid_by, owed(market)) == ("failed", None, 6596)
    assert not LedgerTransaction.objects.filter(kind="payout").exists()
    name = GATEWAY[way]
    assert seen(providers, way) == (0, [f"{name}:transfer", f"{name}:query_transfer"])
    assert PayoutRun.objects.get().status == "done"


def test_a_refusal_of_what_was_carried_out_after_all_is_not_believed(sent, providers, way, now):
    """The first call was carried out and its answer lost; the second is refused, as if the line were mad."""
    providers.knobs(hang_up=["transfer"], errors={"query_transfer": ["SYSTEM_ERROR"]})
    with pytest.raises(GatewayUnavailable):
        send_transfer(transfer_id=sent.pk, now=now)
    with pytest.raises(GatewayUnavailable):
        send_transfer(transfer_id=sent.pk, now=now + timedelta(minutes=2))

    done = send_transfer(transfer_id=sent.pk, now=now + timedelta(minutes=4))

    assert done.status == "paid"
    assert seen(providers, way)[0] == 1


def test_it_waits_for_the_payee_and_then_is_paid(market, sent, providers, way, now):
    providers.control("transfer_state", provider=GATEWAY[way], state="PENDING")
    waiting = send_transfer(transfer_id=sent.pk, now=now)
    assert (waiting.status, owed(market)) == ("sending", 6596)
    assert PayoutRun.objects.get().status == "sending"

    providers.control("settle_transfer", provider=GATEWAY[way], reference=sent.reference, state="SUCCESS")

    assert follow_transfers(now=now + timedelta(minutes=2)) == 1
    assert owed(market) == 0
    assert seen(providers, way)[0] == 1


def test_what_the_payee_lets_lie_fails_and_goes_out_in_a_new_run(
    market, sent, providers, way, operator, checker, now
):
    providers.control("transfer_state", provider=GATEWAY[way], state="PENDING")
    send_transfer(transfer_id=sent.pk, now=now)
    providers.control(
        "settle_transfer", provider=GATEWAY[way], reference=sent.reference, state="FAIL", reason="EXPIRED"
    )
    assert follow_transfers(now=now + timedelta(days=1)) == 1
    sent.refresh_from_db()
    assert (sent.status, sent.last_error, owed(market)) == ("failed", "EXPIRED", 6596)
    providers.control("transfer_state", provider=GATEWAY[way], state="SUCCESS")

    again = transfer_of(started_run(maker=operator, checker=checker, now=now), farmer=market.farmer)
    send_transfer(transfer_id=again.pk, now=now)

    assert again.reference != sent.reference
    assert (owed(market), seen(providers, way)[0]) == (0, 2)


def test_money_that_comes_back_is_owed_again_told_and_paid_once_more(
    market, sent, providers, way, operator, checker, now
):
    send_transfer(transfer_id=sent.pk, now=now)
    with pytest.raises(Invalid):
        note_returned(actor=operator, transfer_id=sent.pk, reason=" ", now=now)

    returned = note_returned(actor=operator, transfer_id=sent.pk, reason="account closed", now=now)

    assert (returned.status, owed(market)) == ("returned", 6596)
    payout = Payout.objects.get(pk=sent.payout_id)
    assert payout.status == "failed"
    back = LedgerTransaction.objects.get(kind="payout_returned")
    assert back.reversal_of == LedgerTransaction.objects.get(kind="payout")
    assert (back.source, back.memo) == (f"payout:{payout.pk}", "account closed")
    assert trial_balance().is_right
    told = Notification.objects.get(kind="payout_returned")
    assert told.contact == market.farmer.contact and "65.96" in told.title
    with pytest.raises(MoveRefused):
        note_returned(actor=operator, transfer_id=sent.pk, reason="again", now=now)
    again = transfer_of(started_run(maker=operator, checker=checker, now=now), farmer=market.farmer)
    send_transfer(transfer_id=again.pk, now=now)
    assert owed(market) == 0
    assert LedgerTransaction.objects.filter(kind="payout").count() == 2
    assert Notification.objects.filter(kind="payout_paid").count() == 2


def test_a_returned_payout_is_not_a_correction_of_the_next_tally(
    market, sent, providers, operator, arun, mei, now
):
    send_transfer(transfer_id=sent.pk, now=now)
    note_returned(actor=operator, transfer_id=sent.pk, reason="account closed", now=now)
    later = now + timedelta(days=8)
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=later)

    following = close_week(shop=market.shop, now=later)

    tally = following.statements.get(farmer=market.farmer)
    assert (tally.net_fen, tally.correction_fen, tally.lines.count()) == (6596, 0, 1)
    assert owed(market) == 2 * 6596


@pytest.mark.parametrize("way", ["alipay"])  # WeChat Pay takes nothing back that the payee has accepted
def test_the_return_is_learnt_by_asking_the_provider(market, sent, providers, operator, now):
    send_transfer(transfer_id=sent.pk, now=now)
    assert ask_about(actor=operator, transfer_id=sent.pk, now=now).status == "paid"
    providers.control("settle_transfer", provider="alipay", reference=sent.reference, state="RETURNED")

    asked = ask_about(actor=operator, transfer_id=sent.pk, now=now)

    assert (asked.status, owed(market)) == ("returned", 6596)
    with pytest.raises(MoveRefused):
        ask_about(actor=operator, transfer_id=sent.pk, now=now)


def test_unknown_and_reversed_payouts_do_not_come_back(market, sent, providers, operator, zoya, now):
    with pytest.raises(NotFound):
        note_returned(actor=operator, transfer_id=0, reason="x", now=now)
    with pytest.raises(MoveRefused):
        note_returned(actor=operator, transfer_id=sent.pk, reason="x", now=now)
    send_transfer(transfer_id=sent.pk, now=now)
    with pytest.raises(NotAllowed):
        note_returned(actor=zoya, transfer_id=sent.pk, reason="x", now=now)
    reverse(transaction_id=LedgerTransaction.objects.get(kind="payout").pk, memo="mistake", now=now)

    with pytest.raises(AlreadyReversed):
        note_returned(actor=operator, transfer_id=sent.pk, reason="x", now=now)

    sent.refresh_from_db()
    assert sent.status == "paid"
    assert not LedgerTransaction.objects.filter(kind="payout_returned").exists()


def test_an_account_changed_before_the_worker_came_is_not_paid(
    market, sent, providers, way, operator, checker, now
):
    write_account(actor=checker, payee=market.farmer, facts=FACTS["bank"], reason="new card", now=now)

    left = send_transfer(transfer_id=sent.pk, now=now)

    assert (left.status, left.problem, owed(market)) == ("left_out", "account_changed", 6596)
    assert Payout.objects.get(pk=sent.payout_id).status == "pending"
    assert seen(providers, way) == (0, [])


def test_the_last_look_before_the_call_refuses_what_slipped_through(market, sent, providers, way, now):
    """Should an account change without the service: the money goes where it was approved, or nowhere."""
    account = PayoutAccount.objects.get()
    other = PayoutAccountVersion.objects.create(
        account=account, number=2, method=way, holder="别人", detail=seal(FACTS[way].detail), reason="x",
        written_by=account.current.written_by, written_at=now,
    )  # fmt: skip
    PayoutAccount.objects.update(current=other)

    left = send_transfer(transfer_id=sent.pk, now=now)

    assert (left.status, left.problem) == ("left_out", "account_changed")
    assert seen(providers, way) == (0, [])


def test_what_never_arrived_is_not_sent_to_an_account_that_was_restricted_since(
    market, sent, providers, way, operator, now
):
    providers.knobs(lose=["transfer"])
    with pytest.raises(GatewayUnavailable):
        send_transfer(transfer_id=sent.pk, now=now)
    restrict_account(actor=operator, account_id=PayoutAccount.objects.get().pk, reason="court", now=now)
    sent.refresh_from_db()
    assert sent.status == "sending"

    assert follow_transfers(now=now + timedelta(minutes=2)) == 1

    sent.refresh_from_db()
    assert (sent.status, sent.problem, sent.payout.status) == ("left_out", "restricted", "pending")
    assert seen(providers, way) == (0, [f"{GATEWAY[way]}:query_transfer"])


def test_an_amount_that_is_not_what_the_book_owes_is_not_sent(market, sent, providers, way, now):
    Payout.objects.filter(pk=sent.payout_id).update(amount_fen=6597)
    PayoutTransfer.objects.filter(pk=sent.pk).update(amount_fen=6597)

    left = send_transfer(transfer_id=sent.pk, now=now)

    assert (left.status, left.problem, owed(market)) == ("left_out", "amount_differs", 6596)
    assert seen(providers, way) == (0, [])


@pytest.mark.parametrize("wrong", [{"amount_fen": 6595}, {"reference": "Pother"}])
def test_an_answer_about_something_else_moves_nothing(market, sent, providers, operator, now, wrong):
    providers.knobs(lose=["transfer"])
    with pytest.raises(GatewayUnavailable):
        send_transfer(transfer_id=sent.pk, now=now)
    facts = {"reference": sent.reference, "state": "paid", "amount_fen": 6596} | wrong

    left = settle_transfer(transfer_id=sent.pk, facts=Facts(**facts), now=now)

    assert (left.status, owed(market)) == ("sending", 6596)
    assert str(wrong.get("amount_fen", "Pother")) in left.last_error
    assert not AuditEntry.objects.filter(action="payouts.transfer_paid").exists()


def test_a_run_that_was_not_started_sends_nothing(
    market, arun, mei, operator, checker, now, providers, settings
):
    settings.PAYOUT_WAYS = ["alipay"]
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    close_week(shop=market.shop, now=now)
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method="alipay")
    draft = transfer_of(new_run(maker=operator, now=now), farmer=market.farmer)

    assert send_transfer(transfer_id=draft.pk, now=now).status == "ready"

    assert follow_transfers(now=now + timedelta(days=1)) == 0
    assert seen(providers, "alipay") == (0, [])
