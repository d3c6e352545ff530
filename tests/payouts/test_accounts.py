"""Payout accounts: written, checked, changed, stopped; what was approved for them meanwhile."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from common.errors import Invalid, MoveRefused
from common.models import AuditEntry
from notifications.models import Notification
from payouts.errors import OtherCheckerNeeded
from payouts.models import (
    PayoutAccount,
    PayoutAccountVersion,
)
from payouts.sealing import unseal
from payouts.services.keeping_accounts import (
    confirm_account,
    restrict_account,
    write_account,
)
from payouts.services.running import recheck_run
from tests.factories.runs import FACTS, new_run, started_run, transfer_of

pytestmark = pytest.mark.django_db


def test_a_changed_account_takes_an_approved_payout_back_to_review(
    market, tallies, farmer_account, operator, checker, now
):
    run = started_run(maker=operator, checker=checker, now=now)
    old = farmer_account.current

    write_account(
        actor=checker, payee=market.farmer, facts=replace(FACTS["bank"], detail="6217000000000000001"),
        reason="lost card", now=now,
    )  # fmt: skip

    farmer = transfer_of(run, farmer=market.farmer)
    assert (farmer.status, farmer.problem, farmer.account_version) == ("left_out", "account_changed", old)
    payout = farmer.payout
    assert (payout.status, payout.approved_by) == ("pending", None)
    run.refresh_from_db()
    assert run.status == "done"
    account = PayoutAccount.objects.get()
    assert (account.status, account.verified_at, account.current.number) == ("pending", None, 2)
    assert account.detail_masked == "6217 **** 0001"
    again = new_run(maker=operator, now=now)
    assert transfer_of(again, farmer=market.farmer).problem == "not_checked"
    told = Notification.objects.filter(kind="payout_account_changed")
    assert [one.contact for one in told.order_by("pk")] == [market.farmer.contact] * 2
    assert "6217 **** 0001" in told.latest("pk").body


def test_a_restricted_account_takes_an_approved_payout_back_to_review(
    market, tallies, farmer_account, operator, checker, now
):
    run = started_run(maker=operator, checker=checker, now=now)

    restrict_account(actor=operator, account_id=farmer_account.pk, reason="court order", now=now)

    farmer = transfer_of(run, farmer=market.farmer)
    assert (farmer.status, farmer.problem) == ("left_out", "restricted")
    assert farmer.payout.status == "pending"
    with pytest.raises(MoveRefused):
        restrict_account(actor=operator, account_id=farmer_account.pk, reason="again", now=now)


def test_in_a_draft_a_changed_account_is_held_and_taken_in_once_it_is_checked(
    market, tallies, farmer_account, operator, checker, now
):
    run = new_run(maker=operator, now=now)
    account = write_account(
        actor=operator, payee=market.farmer, facts=FACTS["cash"], reason="no bank near", now=now
    )
    farmer = transfer_of(run, farmer=market.farmer)
    assert (farmer.status, farmer.problem) == ("held", "account_changed")

    confirm_account(actor=checker, account_id=account.pk, reason="seen", now=now)
    recheck_run(actor=operator, run_id=run.pk, now=now)

    farmer.refresh_from_db()
    assert (farmer.status, farmer.problem, farmer.way) == ("ready", "", "cash")
    assert farmer.account_version.number == 2


def test_an_account_is_checked_by_another_operator(market, operator, checker, now):
    account = write_account(actor=operator, payee=market.farmer, facts=FACTS["bank"], reason="form", now=now)

    with pytest.raises(OtherCheckerNeeded):
        confirm_account(actor=operator, account_id=account.pk, reason="seen", now=now)

    account.refresh_from_db()
    assert (account.status, account.verified_by) == ("pending", None)
    confirm_account(actor=checker, account_id=account.pk, reason="seen", now=now)
    account.refresh_from_db()
    assert (account.status, account.verified_by, account.detail_masked) == (
        "active", checker, "6222 **** 0128",
    )  # fmt: skip
    with pytest.raises(MoveRefused):
        confirm_account(actor=checker, account_id=account.pk, reason="seen", now=now)
    trail = AuditEntry.objects.filter(target=f"payoutaccount:{account.pk}").order_by("pk")
    assert [one.action for one in trail] == ["payouts.write_account", "payouts.confirm_account"]
    assert "6222021234567890128" not in str([(one.before, one.after, one.reason) for one in trail])


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        (replace(FACTS["bank"], detail="6222-0212"), {"detail"}),
        (replace(FACTS["bank"], detail=""), {"detail"}),
        (replace(FACTS["bank"], detail="=1+1"), {"detail"}),
        (replace(FACTS["bank"], bank_name=""), {"bank_name"}),
        (replace(FACTS["bank"], bank_name="农行|1"), {"bank_name"}),
        (replace(FACTS["bank"], bank_code="12345"), {"bank_code"}),
        (replace(FACTS["bank"], holder=" "), {"holder"}),
        (replace(FACTS["bank"], holder="扎|西"), {"holder"}),
        (replace(FACTS["alipay"], detail="me"), {"detail"}),
        (replace(FACTS["wechat"], detail="a b"), {"detail"}),
        (replace(FACTS["cash"], method="cheque"), {"method"}),
    ],
)
def test_an_account_that_cannot_be_one_is_refused(market, operator, now, facts, wrong):
    with pytest.raises(Invalid) as refusal:
        write_account(actor=operator, payee=market.farmer, facts=facts, reason="form", now=now)

    assert set(refusal.value.fields) == wrong
    assert not PayoutAccount.objects.exists()


def test_history_of_accounts_cannot_be_altered(market, farmer_account):
    for change in (
        lambda: PayoutAccountVersion.objects.update(detail="6217000000000000001"),
        lambda: PayoutAccountVersion.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            PayoutAccount.objects.update(current=None)
            change()

    assert unseal(PayoutAccountVersion.objects.get().detail) == "6222021234567890128"
