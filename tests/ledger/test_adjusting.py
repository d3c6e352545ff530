"""Corrections need a reason, a balance, known accounts and two people; a refusal writes nothing."""

import pytest
from django.urls import reverse

from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from common.sheets import csv_text
from ledger.errors import AlreadyReversed, BadWindow, ReversalProposed, SecondApproverNeeded, Unbalanced
from ledger.models import LedgerAccount, LedgerAdjustment, LedgerTransaction
from ledger.selectors import account_statement, balance_of, trial_balance
from ledger.services.adjusting import (
    ProposedLine,
    approve_adjustment,
    propose_adjustment,
    propose_reversal,
    reject_adjustment,
)
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, OwnerKind, Purpose
from tests.factories.shops import make_person
from tests.together import run_together

pytestmark = pytest.mark.django_db


@pytest.fixture
def checker(db):
    return make_person(name="复核员", is_staff=True, is_superuser=True)


@pytest.fixture
def posted(now):
    return post(
        kind=Kind.COMPLETION,
        key="completion:1",
        source="order:1",
        postings=[
            Posting(Purpose.BUYER_HELD, 6800, "order:1"),
            Posting(Purpose.FARMER_PAYABLE, -6800, "order_line:1", OwnerKind.FARMER, 7),
        ],
        now=now,
        memo="=1+1",
    )


def accounts():
    return LedgerAccount.objects.get(purpose="farmer_payable"), LedgerAccount.objects.get(
        purpose="buyer_held"
    )


def lines(amount_fen=500, source="order:1"):
    farmer, held = accounts()
    return [ProposedLine(farmer.pk, -amount_fen, source), ProposedLine(held.pk, amount_fen, source)]


def owed():
    return balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=7)


def test_one_proposes_another_posts(posted, operator, checker, now):
    proposed = propose_adjustment(actor=operator, lines=lines(), reason=" weighed anew ", now=now)
    assert (proposed.status, owed()) == ("proposed", -6800)

    done = approve_adjustment(actor=checker, adjustment_id=proposed.pk, now=now)

    assert (done.status, done.decided_by, owed()) == ("posted", checker, -7300)
    assert (done.posted.kind, done.posted.memo) == ("adjustment", "weighed anew")
    assert trial_balance().is_right
    trail = AuditEntry.objects.filter(target=f"ledgeradjustment:{proposed.pk}").order_by("pk")
    assert [(one.action, one.actor) for one in trail] == [
        ("ledger.propose", f"user:{operator.pk}"),
        ("ledger.approve", f"user:{checker.pk}"),
    ]
    with pytest.raises(MoveRefused):
        approve_adjustment(actor=checker, adjustment_id=proposed.pk, now=now)
    assert owed() == -7300


def test_who_proposes_does_not_post(posted, operator, arun, now):
    proposed = propose_adjustment(actor=operator, lines=lines(), reason="x", now=now)

    with pytest.raises(SecondApproverNeeded):
        approve_adjustment(actor=operator, adjustment_id=proposed.pk, now=now)
    with pytest.raises(NotAllowed):
        approve_adjustment(actor=arun, adjustment_id=proposed.pk, now=now)

    proposed.refresh_from_db()
    assert (proposed.status, owed(), LedgerTransaction.objects.count()) == ("proposed", -6800, 1)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"reason": "  "}, Invalid),
        ({"reason": "x" * 201}, Invalid),
        ({"lines": []}, Unbalanced),
        ({"lines": [(0, 5, "order:1")]}, Unbalanced),
        ({"lines": [(0, 5, "order:1"), (1, -4, "order:1")]}, Unbalanced),
        ({"lines": [(0, 0, "order:1"), (1, 0, "order:1")]}, Unbalanced),
        ({"lines": [(0, 10**13, "order:1"), (1, -(10**13), "order:1")]}, Unbalanced),
        ({"lines": [(0, 5, ""), (1, -5, "")]}, Invalid),
        ({"lines": [(0, 5, "order:0"), (1, -5, "order:1")]}, Invalid),
        ({"lines": [(0, 5, "=cmd()"), (1, -5, "order:1")]}, Invalid),
        ({"lines": [(9, 5, "order:1"), (1, -5, "order:1")]}, NotFound),
    ],
)
def test_bad_proposals_write_nothing(posted, operator, now, change, refusal):
    pks = {place: account.pk for place, account in enumerate(accounts())}
    named = change.get("lines")
    wanted = lines() if named is None else [ProposedLine(pks.get(a, 10**9), fen, s) for a, fen, s in named]

    with pytest.raises(refusal):
        propose_adjustment(actor=operator, lines=wanted, reason=change.get("reason", "x"), now=now)

    assert not LedgerAdjustment.objects.exists()
    assert not AuditEntry.objects.filter(action="ledger.propose").exists()


def test_a_posting_is_taken_back_once(posted, operator, checker, now):
    with pytest.raises(NotFound):
        propose_reversal(actor=operator, transaction_id=0, reason="x", now=now)
    proposed = propose_reversal(actor=operator, transaction_id=posted.pk, reason="wrong", now=now)
    with pytest.raises(ReversalProposed):
        propose_reversal(actor=checker, transaction_id=posted.pk, reason="wrong", now=now)

    approve_adjustment(actor=checker, adjustment_id=proposed.pk, now=now)

    assert owed() == 0
    with pytest.raises(AlreadyReversed):
        propose_reversal(actor=operator, transaction_id=posted.pk, reason="again", now=now)
    assert LedgerTransaction.objects.count() == 2


def test_a_proposal_is_turned_down(posted, operator, checker, now):
    proposed = propose_adjustment(actor=operator, lines=lines(), reason="x", now=now)

    reject_adjustment(actor=checker, adjustment_id=proposed.pk, reason="no", now=now)

    with pytest.raises(MoveRefused):
        approve_adjustment(actor=checker, adjustment_id=proposed.pk, now=now)
    assert owed() == -6800


@pytest.mark.django_db(transaction=True)
def test_two_checkers_at_once_post_once(posted, operator, checker, now):
    third = make_person(name="三号", is_staff=True)
    proposed = propose_adjustment(actor=operator, lines=lines(), reason="x", now=now)

    results = run_together(
        *[
            lambda who=who: approve_adjustment(actor=who, adjustment_id=proposed.pk, now=now).status
            for who in (checker, third)
        ]
    )

    assert sorted(isinstance(one, MoveRefused) for one in results) == [False, True]
    assert "posted" in results
    assert owed() == -7300


def test_statement_page_and_table(posted, operator, client, now):
    farmer, _held = accounts()
    client.force_login(operator)
    address = reverse("admin:ledger_ledgeraccount_statement", args=[farmer.pk])
    day = now.date().isoformat()

    page = client.get(address, {"first": day, "last": day})
    table = client.get(address, {"first": day, "last": day, "format": "csv"})

    assert page.status_code == table.status_code == 200
    assert 'data-opening="0"' in page.content.decode()
    assert 'data-closing="-6800"' in page.content.decode()
    rows = table.content.decode().splitlines()
    assert len(rows) == 4
    assert ",68.00,-68.00,'=1+1" in rows[2]
    for bad in ({"first": day, "last": "2000-01-01"}, {"first": "x", "last": "y"}):
        assert "data-closing" not in client.get(address, bad).content.decode()
    with pytest.raises(BadWindow):
        account_statement(account=farmer, starts_at=now, ends_at=now)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝", "＋", "－", "＠", " =", "\u3000="])
def test_no_cell_runs_as_a_formula(start):
    assert csv_text([[f"{start}cmd()", 5, -3]]).lstrip("\ufeff").lstrip('"').startswith("'")


def test_an_account_is_corrected_through_the_admin(posted, operator, checker, client):
    farmer, held = accounts()
    client.force_login(operator)
    move = reverse("admin:ledger_ledgeraccount_move", args=[farmer.pk, "adjust"])
    form = {
        "direction": "credit", "amount": "5.00", "against": held.pk, "source": "order:1", "reason": "x",
    }  # fmt: skip

    assert client.post(move, form | {"amount": "=5"}).status_code == 200
    assert not LedgerAdjustment.objects.exists()
    assert client.post(move, form).status_code == 302

    proposed = LedgerAdjustment.objects.get()
    approve = reverse("admin:ledger_ledgeradjustment_move", args=[proposed.pk, "approve"])
    assert client.post(approve, {"reason": "x"}).status_code == 200
    assert owed() == -6800
    client.force_login(checker)
    assert client.post(approve, {"reason": "checked"}).status_code == 302
    assert owed() == -7300
