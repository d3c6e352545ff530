"""An operator brings in a bill: a file, or asked for at the provider."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.models import AuditEntry
from payments.gateways.bills import base
from payments.models import ProviderBill
from tests.payments.test_bill_files import DAY, ROWS
from tests.providersim import bills

pytestmark = pytest.mark.django_db
PAGE = "/admin/payments/providerbill/add/"
GOOD = bills.packed(bills.wechat_trade(ROWS))


@pytest.fixture(autouse=True)
def _providers(providers):
    """Settings of both."""


def send(client, content=None, **more):
    said = {"bill": "wechatpay:trade", "day": DAY.isoformat(), "reason": ""} | more
    if content is not None:
        said["file"] = SimpleUploadedFile("bill.csv.gz", content)
    return client.post(PAGE, said)


def test_a_file_is_brought_in_once_and_another_only_with_a_reason(client, operator):
    client.force_login(operator)
    other = bills.wechat_trade(ROWS[:2])

    answers = [
        send(client, GOOD),
        send(client, GOOD),
        send(client, other),
        send(client, other, reason="wrong"),
    ]

    assert [answer.status_code for answer in answers] == [302, 302, 200, 302]
    assert answers[2].context["form"].non_field_errors()
    found = ProviderBill.objects.order_by("pk").values_list("version", "is_current", "imported_by", "reason")
    assert list(found) == [(1, False, operator.pk, ""), (2, True, operator.pk, "wrong")]
    trail = AuditEntry.objects.filter(action__startswith="payments.bill").order_by("pk")
    assert list(trail.values_list("action", "actor")) == [
        ("payments.bill_imported", f"user:{operator.pk}"), ("payments.bill_differs", f"user:{operator.pk}"),
        ("payments.bill_imported", f"user:{operator.pk}"),
    ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"x", bills.wechat_trade(ROWS).replace(b"228.00", b"228.01")])
def test_what_is_no_bill_is_refused(client, operator, content):
    client.force_login(operator)

    answer = send(client, content)

    assert (answer.status_code, ProviderBill.objects.count()) == (200, 0)
    assert answer.context["form"].errors


def test_a_file_larger_than_any_bill_is_refused(client, operator, monkeypatch):
    client.force_login(operator)
    monkeypatch.setattr("payments.bill_forms.MOST_PACKED", 100)

    answer = send(client, GOOD)

    assert answer.context["form"].errors.as_data()["file"][0].code == "too_large"
    assert (ProviderBill.objects.count(), base.MOST_PACKED) == (0, 20 * 1024 * 1024)


def test_without_a_file_the_provider_is_asked(client, operator):
    client.force_login(operator)

    answer = send(client, day=(DAY - timedelta(days=400)).isoformat())

    assert (answer.status_code, ProviderBill.objects.count()) == (200, 0)
    assert answer.context["form"].non_field_errors()


def test_only_operators_with_the_permission_bring_bills(client, arun, operator):
    operator.is_superuser = False
    operator.save(update_fields=["is_superuser"])
    for person in (arun, operator):
        client.force_login(person)
        assert send(client, GOOD).status_code in (302, 403)

    assert ProviderBill.objects.count() == 0
