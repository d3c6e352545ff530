"""Two workers, or an operator and the clock, bring in the same bill at once: one bill, its fees once."""

import threading

import pytest
from django.db import IntegrityError

from common.clock import utc_now
from ledger.models import LedgerTransaction
from payments.models import ProviderBill, ProviderBillLine
from payments.services import billing
from tests.factories.providers import providers, providers_process
from tests.payments.test_bill_files import DAY, ROWS
from tests.providersim import bills
from tests.together import run_together

__all__ = ["providers", "providers_process"]
pytestmark = pytest.mark.django_db(transaction=True)
CONTENT = bills.packed(bills.wechat_trade(ROWS))


def bring():
    return billing.import_bill(gateway="wechatpay", kind="trade", day=DAY, content=CONTENT, now=utc_now()).pk


def test_a_bill_brought_in_by_several_at_once_is_there_once(providers):
    results = run_together(bring, bring, bring, bring)

    assert results == [ProviderBill.objects.get().pk] * 4
    assert ProviderBillLine.objects.count() == 3
    assert LedgerTransaction.objects.filter(kind="provider_fee").count() == 1


def test_control_without_the_turn_the_database_refuses_the_second(providers, monkeypatch):
    both_have_looked = threading.Barrier(2)
    real = billing.current_bill

    def look(**asked):
        found = real(**asked)
        both_have_looked.wait(10)
        return found

    monkeypatch.setattr(billing, "_wait_for_turn", lambda *asked: None)
    monkeypatch.setattr(billing, "current_bill", look)
    results = run_together(bring, bring)

    assert sum(isinstance(result, IntegrityError) for result in results) == 1, results
    assert (ProviderBill.objects.count(), ProviderBillLine.objects.count()) == (1, 3)
    assert LedgerTransaction.objects.filter(kind="provider_fee").count() == 1
