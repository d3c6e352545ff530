"""Tallies on paper, the page that proves them, and what payees say to them."""

from ledger.models import LedgerAccount
from payouts.selectors.papers import check_path
from tests.house.roles import row


def _of(rest: str):
    return lambda world: f"/desk/statements/{world.farmer_statement.pk}/{rest}/"


def _api(rest: str):
    return lambda world: f"/api/v1/payout-statements/{world.farmer_statement.pk}/{rest}/"


def _account_of_the_farmer(world):
    farmer = world.farmer_statement.farmer_id
    account = LedgerAccount.objects.get(purpose="farmer_payable", owner_id=farmer)
    days = "starts_at=2026-01-01T00:00:00Z&ends_at=2027-01-01T00:00:00Z"
    return f"/api/v1/ledger-accounts/{account.pk}/statement/?{days}"


ROWS = [
    row("GET", "api/v1/earnings/", "401 200 200 200 200 200 200"),
    row(
        "GET",
        "api/v1/^ledger-accounts/$",
        "401 200 200 200 200 200 200",
        lambda world: "/api/v1/ledger-accounts/",
    ),
    row(
        "GET",
        r"api/v1/^ledger-accounts/(?P<pk>\d{1,18})/statement/$",
        "401 404 404 200 404 404 200",
        _account_of_the_farmer,
    ),
    row("GET", "desk/statements/<int:statement_id>/pdf/", "302 404 404 200 200 404 200", _of("pdf")),
    row(
        "GET",
        "desk/periods/<int:period_id>/pdf/",
        "302 404 404 404 200 404 404",
        lambda world: f"/desk/periods/{world.farmer_statement.period_id}/pdf/",
    ),
    row(
        "POST",
        "desk/statements/<int:statement_id>/question/",
        "302 404 404 302 302 404 404",
        _of("question"),
        {"text": "少了一箱"},
    ),
    row("POST", "desk/statements/<int:statement_id>/accept/", "302 404 404 302 302 404 404", _of("accept")),
    row(
        "POST",
        r"api/v1/^payout-statements/(?P<pk>\d{1,18})/question/$",
        "401 404 404 201 201 404 404",
        _api("question"),
        {"text": "少了一箱"},
    ),
    row(
        "POST",
        r"api/v1/^payout-statements/(?P<pk>\d{1,18})/accept/$",
        "401 404 404 200 200 404 404",
        _api("accept"),
    ),
    row("GET", "check/", 200),
    row("GET", "check/<slug:code>/<slug:letters>/", 404, lambda world: "/check/AAAA-AAAA-AAAA/AAAAAAAA/"),
    row(
        "GET",
        "check/<slug:code>/<slug:letters>/",
        200,
        lambda world: check_path(world.farmer_statement),
    ),
]
