import uuid

import pytest
from django.db import IntegrityError, transaction

from common.errors import IdempotencyConflict, Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry, OutboxMessage
from ledger.models import LedgerTransaction
from payouts.errors import InRun, NothingToPay, OtherCheckerNeeded, RunChanged
from payouts.models import (
    Payout,
    PayoutAccount,
    PayoutRun,
    PayoutStatement,
    PayoutTransfer,
)
from payouts.services.keeping_accounts import (
    confirm_account,
    write_account,
)
from payouts.services.paying import approve_payout, fail_payout, mark_paid
from payouts.services.running import approve_run, cancel_run, leave_out, make_run, recheck_run, start_run
from tests.factories.payouts import statement_of
from tests.factories.runs import FACTS, make_account, new_run, started_run, total_of, transfer_of

pytestmark = pytest.mark.django_db


def facts_of(run: PayoutRun) -> list[tuple]:
    return list(run.transfers.order_by("pk").values_list("status", "problem", "way", "amount_fen"))


def test_a_run_holds_every_payout_that_waits_with_its_problem(market, tallies, farmer_account, operator, now):
    run = new_run(maker=operator, now=now, note=" 第 48 周 ")

    assert (run.status, run.note, run.made_by) == ("draft", "第 48 周", operator)
    assert run.transfers.count() == Payout.objects.count() == 3
    farmer = transfer_of(run, farmer=market.farmer)
    assert (farmer.status, farmer.problem, farmer.way, farmer.amount_fen) == ("ready", "", "bank", 6256)
    assert farmer.account_version == farmer_account.current
    others = run.transfers.exclude(pk=farmer.pk)
    assert {(one.status, one.problem) for one in others} == {("held", "no_account")}
    assert set(Payout.objects.values_list("status", flat=True)) == {"pending"}
    assert AuditEntry.objects.get(action="payouts.make_run").after == {"status": "draft", "payouts": 3}


def test_the_same_key_makes_one_run(tallies, operator, now):
    key = uuid.uuid4()
    first, replayed = make_run(actor=operator, idempotency_key=key, now=now)

    again, replayed_again = make_run(actor=operator, idempotency_key=key, now=now)

    assert (again, replayed, replayed_again) == (first, False, True)
    with pytest.raises(IdempotencyConflict):
        make_run(actor=operator, idempotency_key=key, now=now, note="other")
    assert PayoutRun.objects.count() == 1


def test_a_second_run_finds_nothing(tallies, operator, checker, now):
    new_run(maker=operator, now=now)

    with pytest.raises(NothingToPay):
        new_run(maker=checker, now=now)

    assert PayoutRun.objects.count() == 1
    with pytest.raises(NothingToPay):
        new_run(maker=checker, now=now, shop_id=0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"status": "pending"}, "not_checked"),
        ({"status": "restricted"}, "restricted"),
        ({"verified_at": None}, "not_checked"),
    ],
)
def test_who_may_not_be_paid_is_held(market, tallies, farmer_account, operator, now, change, problem):
    PayoutAccount.objects.filter(pk=farmer_account.pk).update(**change)

    run = new_run(maker=operator, now=now)

    farmer = transfer_of(run, farmer=market.farmer)
    assert (farmer.status, farmer.problem) == ("held", problem)


def test_a_disputed_tally_and_an_amount_that_differs_are_held(market, tallies, farmer_account, operator, now):
    PayoutStatement.objects.filter(farmer=market.farmer).update(status="disputed")
    run = new_run(maker=operator, now=now)
    assert transfer_of(run, farmer=market.farmer).problem == "disputed"

    PayoutStatement.objects.filter(farmer=market.farmer).update(status="issued")
    Payout.objects.filter(statement__farmer=market.farmer).update(amount_fen=6257)
    recheck_run(actor=operator, run_id=run.pk, now=now)

    farmer = transfer_of(run, farmer=market.farmer)
    assert (farmer.status, farmer.problem) == ("held", "amount_differs")


def test_a_way_that_is_not_switched_on_is_held(market, tallies, operator, checker, now, settings):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method="alipay")
    run = new_run(maker=operator, now=now)
    assert transfer_of(run, farmer=market.farmer).problem == "way_off"

    settings.PAYOUT_WAYS = ["alipay"]
    recheck_run(actor=checker, run_id=run.pk, now=now)

    assert transfer_of(run, farmer=market.farmer).status == "ready"


def test_a_run_is_approved_by_another_operator(market, tallies, farmer_account, operator, checker, now):
    run = new_run(maker=operator, now=now)

    with pytest.raises(OtherCheckerNeeded):
        approve_run(actor=operator, run_id=run.pk, total_fen=6256, now=now)

    run.refresh_from_db()
    assert (run.status, run.approved_by) == ("draft", None)
    assert set(Payout.objects.values_list("status", flat=True)) == {"pending"}
    approve_run(actor=checker, run_id=run.pk, total_fen=6256, now=now, reason="tallies looked at")
    run.refresh_from_db()
    payout = Payout.objects.get(statement__farmer=market.farmer)
    assert (run.status, run.approved_by) == ("approved", checker)
    assert (payout.status, payout.approved_by, payout.method) == ("processing", checker, "bank")
    assert sorted(facts_of(run))[0][:2] == ("left_out", "no_account")
    assert Payout.objects.filter(status="pending").count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutRun.objects.filter(pk=run.pk).update(made_by=checker)


def test_a_run_that_changed_since_it_was_looked_at_is_not_approved(
    market, tallies, farmer_account, operator, checker, now
):
    run = new_run(maker=operator, now=now)
    make_account(payee=market.host, writer=operator, checker=checker, now=now)

    with pytest.raises(RunChanged):
        approve_run(actor=checker, run_id=run.pk, total_fen=6256, now=now)

    run.refresh_from_db()
    assert run.status == "draft"
    assert run.transfers.filter(status="ready").count() == 1
    assert set(Payout.objects.values_list("status", flat=True)) == {"pending"}


def test_a_run_of_which_nothing_can_be_paid_is_not_approved(tallies, operator, checker, now):
    run = new_run(maker=operator, now=now)

    with pytest.raises(NothingToPay):
        approve_run(actor=checker, run_id=run.pk, total_fen=0, now=now)

    run.refresh_from_db()
    assert run.status == "draft"


def test_moves_out_of_order_are_refused(market, tallies, farmer_account, operator, checker, now):
    run = new_run(maker=operator, now=now)
    with pytest.raises(MoveRefused):
        start_run(actor=operator, run_id=run.pk, now=now)
    approve_run(actor=checker, run_id=run.pk, total_fen=6256, now=now)
    with pytest.raises(MoveRefused):
        approve_run(actor=checker, run_id=run.pk, total_fen=6256, now=now)
    with pytest.raises(MoveRefused):
        recheck_run(actor=operator, run_id=run.pk, now=now)
    start_run(actor=operator, run_id=run.pk, now=now)
    with pytest.raises(MoveRefused):
        start_run(actor=operator, run_id=run.pk, now=now)
    with pytest.raises(MoveRefused):
        cancel_run(actor=operator, run_id=run.pk, reason="x", now=now)

    run.refresh_from_db()
    assert run.status == "sending"


def test_what_is_in_a_run_is_not_paid_by_hand(market, tallies, farmer_account, operator, checker, now):
    run = started_run(maker=operator, checker=checker, now=now)
    payout = transfer_of(run, farmer=market.farmer).payout

    for act in (
        lambda: approve_payout(actor=checker, payout_id=payout.pk, now=now),
        lambda: mark_paid(actor=operator, payout_id=payout.pk, reference="1", now=now),
        lambda: fail_payout(actor=operator, payout_id=payout.pk, reason="x", now=now),
    ):
        with pytest.raises(InRun):
            act()

    payout.refresh_from_db()
    assert payout.status == "processing"
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_one_payout_is_left_out_and_waits_for_the_next_run(
    market, tallies, farmer_account, operator, checker, now
):
    run = started_run(maker=operator, checker=checker, now=now)
    farmer = transfer_of(run, farmer=market.farmer)
    with pytest.raises(Invalid):
        leave_out(actor=operator, transfer_id=farmer.pk, reason=" ", now=now)

    leave_out(actor=operator, transfer_id=farmer.pk, reason="asked to wait", now=now)

    farmer.refresh_from_db()
    assert (farmer.status, farmer.problem, farmer.payout.status) == ("left_out", "taken_out", "pending")
    assert PayoutRun.objects.get().status == "done"
    with pytest.raises(MoveRefused):
        leave_out(actor=operator, transfer_id=farmer.pk, reason="again", now=now)
    assert new_run(maker=checker, now=now).transfers.count() == 3


def test_a_run_that_is_called_off_gives_its_payouts_back(
    market, tallies, farmer_account, operator, checker, now
):
    run = new_run(maker=operator, now=now)
    approve_run(actor=checker, run_id=run.pk, total_fen=6256, now=now)
    with pytest.raises(Invalid):
        cancel_run(actor=operator, run_id=run.pk, reason="", now=now)

    cancel_run(actor=operator, run_id=run.pk, reason="wrong week", now=now)

    run.refresh_from_db()
    assert (run.status, run.ended_at) == ("cancelled", now)
    assert set(run.transfers.values_list("status", flat=True)) == {"left_out"}
    assert set(Payout.objects.values_list("status", flat=True)) == {"pending"}
    assert new_run(maker=operator, now=now).transfers.count() == 3


def test_only_operators_work_on_runs(market, tallies, farmer_account, mei, zoya, operator, checker, now):
    run = new_run(maker=operator, now=now)
    for actor in (mei, zoya):
        for act in (
            lambda actor=actor: new_run(maker=actor, now=now),
            lambda actor=actor: approve_run(actor=actor, run_id=run.pk, total_fen=6256, now=now),
            lambda actor=actor: cancel_run(actor=actor, run_id=run.pk, reason="x", now=now),
            lambda actor=actor: write_account(
                actor=actor, payee=market.farmer, facts=FACTS["cash"], reason="x", now=now
            ),
            lambda actor=actor: confirm_account(
                actor=actor, account_id=farmer_account.pk, reason="x", now=now
            ),
        ):
            with pytest.raises(NotAllowed):
                act()
    for act in (
        lambda: approve_run(actor=checker, run_id=0, total_fen=1, now=now),
        lambda: leave_out(actor=checker, transfer_id=0, reason="x", now=now),
        lambda: confirm_account(actor=checker, account_id=0, reason="x", now=now),
    ):
        with pytest.raises(NotFound):
            act()

    run.refresh_from_db()
    assert run.status == "draft"
    assert PayoutAccount.objects.count() == 1


def test_the_database_keeps_one_open_transfer_of_a_payout(market, tallies, farmer_account, operator, now):
    run = new_run(maker=operator, now=now)
    farmer = transfer_of(run, farmer=market.farmer)
    other = PayoutRun.objects.create(made_by=operator, made_at=now)

    for status in ("held", "ready", "sending"):
        with pytest.raises(IntegrityError), transaction.atomic():
            PayoutTransfer.objects.create(
                run=other, payout=farmer.payout, way="bank", amount_fen=1, status=status, problem="way_off",
                account_version=farmer.account_version, reference=f"P{status}",
            )  # fmt: skip
    PayoutTransfer.objects.filter(pk=farmer.pk).update(status="paid")
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutTransfer.objects.create(
            run=other, payout=farmer.payout, way="bank", amount_fen=1, status="paid",
            account_version=farmer.account_version, reference="Ppaid",
        )  # fmt: skip


def test_starting_calls_providers_only(market, tallies, farmer_account, operator, checker, now, settings):
    settings.PAYOUT_WAYS = ["bank", "alipay"]
    make_account(payee=market.host, writer=operator, checker=checker, now=now, method="alipay")

    run = started_run(maker=operator, checker=checker, now=now)

    assert total_of(run) == 6256 + statement_of(tallies, host=market.host).net_fen
    message = OutboxMessage.objects.get(task="payouts.send_transfer")
    assert message.kwargs == {"transfer_id": transfer_of(run, host=market.host).pk}
    assert run.started_at == now
