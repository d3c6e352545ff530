"""Addresses of invoices."""

from tests.factories.invoices import issue, want_invoice
from tests.factories.orders import make_paid
from tests.factories.shops import make_product
from tests.house.roles import row

API = "api/v1/invoices/"
ONE = API + "<int:invoice_id>/"
OF_SHOP = "401 404 404 404 200 404 404"
DESK = "desk/invoices/<int:invoice_id>/"
RED = "87654321"


def _paid(world):
    goods = make_product(shop=world.market.shop, title="花椒", stock=9)
    return make_paid(buyer=world.people["buyer"], variant=goods.variants.get())


def _asked(step: str = ""):
    return lambda world: f"/{API}{want_invoice(_paid(world)).pk}/{step}"


def _desk(step: str = ""):
    return lambda world: f"/desk/invoices/{want_invoice(_paid(world)).pk}/{step}"


def _issued(step: str, under: str = "/api/v1/invoices"):
    def path(world) -> str:
        order = _paid(world)
        invoice = issue(want_invoice(order), seller=world.people["clerk"], number=f"{order.pk:08d}")
        return f"{under}/{invoice.pk}/{step}"

    return path


ROWS = [
    row("GET", API, "401 200 200 200 200 200 200"),
    row("GET", ONE, "401 200 404 404 200 404 404", path=_asked()),
    row(
        "POST",
        "api/v1/orders/<slug:number>/invoices/",
        "401 201 404 404 404 404 404",
        path=lambda world: f"/api/v1/orders/{_paid(world).number}/invoices/",
        data={"kind": "personal", "title": "阿润"},
    ),
    row("POST", ONE + "refuse/", OF_SHOP, path=_asked("refuse/"), data={"reason": "没有了"}),
    # The matrix sends JSON; the document travels as multipart (tests/orders/test_invoice_api.py).
    row("POST", ONE + "issue/", "401 415 415 415 415 415 415", path=_asked("issue/"), data={"number": RED}),
    row("POST", ONE + "reverse/", OF_SHOP, path=_issued("reverse/"), data={"number": RED, "reason": "错"}),
    row("GET", ONE + "pdf/", "401 200 404 404 200 404 200", path=_issued("pdf/")),
    row(
        "GET",
        "invoices/<int:invoice_id>/pdf/",
        "302 200 404 404 200 404 200",
        path=_issued("pdf/", "/invoices"),
    ),
    row(
        "GET",
        "orders/<slug:number>/invoice/",
        "302 200 404 404 404 404 404",
        path=lambda world: f"/orders/{_paid(world).number}/invoice/",
    ),
    row(
        "POST",
        "orders/<slug:number>/invoice/",
        "302 302 404 404 404 404 404",
        path=lambda world: f"/orders/{_paid(world).number}/invoice/",
        data={"kind": "personal", "title": "阿润"},
    ),
    row("GET", "desk/invoices/", "302 404 404 404 200 404 404"),
    row("GET", DESK, "302 404 404 404 200 404 404", path=_desk()),
    row("POST", DESK + "issue/", "302 404 404 404 400 404 404", path=_desk("issue/"), data={"number": RED}),
    row(
        "POST",
        DESK + "refuse/",
        "302 404 404 404 302 404 404",
        path=_desk("refuse/"),
        data={"reason": "没有了"},
    ),
    row(
        "POST",
        DESK + "reverse/",
        "302 404 404 404 302 404 404",
        path=_issued("reverse/", "/desk/invoices"),
        data={"number": RED, "reason": "错"},
    ),
]
