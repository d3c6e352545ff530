"""The book over the API: one's own accounts, any window, and nobody else's."""

from datetime import timedelta

import pytest

from ledger.models import LedgerAccount
from tests.factories.payouts import close_week, make_completed, make_live_sale
from tests.factories.shops import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def farmer(market):
    market.farmer.user = make_person(name="扎西")
    market.farmer.save(update_fields=["user"])
    return market.farmer


def iso(at) -> str:
    return at.isoformat().replace("+00:00", "Z")


def statement_path(account: LedgerAccount) -> str:
    return f"/api/v1/ledger-accounts/{account.pk}/statement/"


def test_payee_reads_own_accounts_for_any_window(market, farmer, arun, mei, now, client):
    first = make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now + timedelta(days=2))
    client.force_login(farmer.user)

    (account,) = client.get("/api/v1/ledger-accounts/").json()["results"]
    assert (account["purpose"], account["owner_id"], account["balance_fen"]) == (
        "farmer_payable", farmer.pk, -6256 - 6596,
    )  # fmt: skip
    path = f"/api/v1/ledger-accounts/{account['id']}/statement/"
    whole = client.get(path, {"starts_at": iso(now), "ends_at": iso(now + timedelta(days=9))}).json()
    assert (whole["opening_fen"], whole["closing_fen"]) == (0, -12852)
    assert [(one["amount_fen"], one["balance_fen"], one["kind"]) for one in whole["entries"]] == [
        (-6256, -6256, "completion"), (-6596, -12852, "completion"),
    ]  # fmt: skip
    assert whole["entries"][0]["document"] == f"order_line:{first.lines.get().pk}"
    late = {"starts_at": iso(now + timedelta(days=1)), "ends_at": iso(now + timedelta(days=2))}
    none = client.get(path, late).json()
    assert (none["opening_fen"], none["closing_fen"], none["entries"]) == (-6256, -6256, [])


def test_others_find_nothing_and_operators_everything(
    market, farmer, arun, mei, zhuoma, zoya, operator, now, client
):
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    account = LedgerAccount.objects.get(purpose="farmer_payable")
    days = {"starts_at": iso(now), "ends_at": iso(now + timedelta(days=1))}

    for person, seen in ((arun, []), (zoya, []), (zhuoma, ["host_payable"]), (mei, ["freight_payable"])):
        client.force_login(person)
        found = client.get("/api/v1/ledger-accounts/").json()["results"]
        assert [one["purpose"] for one in found] == seen
        assert client.get(statement_path(account), days).status_code == 404

    client.force_login(operator)
    cash = LedgerAccount.objects.get(purpose="platform_fee")
    assert client.get(statement_path(cash), days).json()["closing_fen"] == -204
    assert client.get(statement_path(account), days).json()["closing_fen"] == -6256


@pytest.mark.parametrize(
    "window",
    [
        {},
        {"starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-02T00:00:00Z"},
        {"starts_at": "yesterday", "ends_at": "2026-01-02T00:00:00Z"},
        {"starts_at": "2026-01-02T00:00:00Z", "ends_at": "99999-01-01T00:00:00Z"},
    ],
)
def test_window_that_is_none_is_refused(market, farmer, arun, mei, now, client, window):
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    client.force_login(farmer.user)
    account = LedgerAccount.objects.get(purpose="farmer_payable")

    assert client.get(statement_path(account), window).status_code == 400


def test_earnings_are_those_of_the_money_page(market, farmer, arun, mei, now, client):
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    client.force_login(farmer.user)

    earned = client.get("/api/v1/earnings/").json()

    assert (earned["today_fen"], earned["period_fen"], earned["expected_fen"]) == (6596, 6596, 6596)
    assert earned["months"][-1]["amount_fen"] == 6596
    close_week(shop=market.shop, now=now)
    earned = client.get("/api/v1/earnings/").json()
    assert (earned["period_fen"], earned["expected_fen"], earned["waiting_fen"]) == (0, 0, 6596)
