"""Addresses of money: the desk's pages and the API of statements. The clerk of the world owns the shop."""

from tests.house.roles import row

OWN_OR_PRINTED = "401 404 404 200 200 404 404"


def _api(rest: str = ""):
    return lambda world: f"/api/v1/payout-statements/{world.farmer_statement.pk}/{rest}"


ROWS = [
    row("GET", "desk/money/", "302 404 404 200 200 200 404"),
    row(
        "GET",
        "desk/statements/<int:statement_id>/",
        "302 404 404 200 200 404 200",
        lambda world: f"/desk/statements/{world.farmer_statement.pk}/",
    ),
    # Nothing waits in WeChat in this world; whose it is when something does: tests/payouts/test_taking.py.
    row(
        "GET",
        "desk/statements/<int:statement_id>/take/",
        "302 404 404 404 404 404 404",
        lambda world: f"/desk/statements/{world.farmer_statement.pk}/take/",
    ),
    row(
        "GET",
        r"api/v1/^payout-statements/(?P<pk>\d{1,18})/taking/$",
        "401 404 404 404 404 404 404",
        _api("taking/"),
    ),
    row(
        "GET",
        "api/v1/^payout-statements/$",
        "401 200 200 200 200 200 200",
        lambda world: "/api/v1/payout-statements/",
    ),
    row("GET", r"api/v1/^payout-statements/(?P<pk>\d{1,18})/$", OWN_OR_PRINTED, _api()),
    row("GET", r"api/v1/^payout-statements/(?P<pk>\d{1,18})/lines/$", OWN_OR_PRINTED, _api("lines/")),
]
