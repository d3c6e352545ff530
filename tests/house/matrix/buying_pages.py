"""Pages of after-sales and of private talk."""

from common.clock import utc_now
from orders.services.conversing import open_conversation, write_message
from tests.house.matrix.buying_cases import KEY, case_of
from tests.house.matrix.orders import MOVE_OF_BUYER, MOVE_OF_SHOP, PAGE, PAGE_OF_BUYER, PAGE_OF_SHOP
from tests.house.roles import row


def _case(move: str = "", state: str = "requested"):
    return lambda world: f"/after-sales/{case_of(world, state).pk}/{move}"


def _desk(move: str = "", state: str = "requested"):
    return lambda world: f"/desk/after-sales/{case_of(world, state).pk}/{move}"


def _said(world, by: str = "buyer"):
    """Let the buyer and the shop talk; return what `by` says."""
    people, shop = world.people, world.market.shop
    talk = open_conversation(buyer=people["buyer"], shop_id=shop.pk, now=utc_now())
    return write_message(author=people[by], conversation_id=talk.pk, text="在吗", now=utc_now())


def _desk_talk(world) -> str:
    return f"/desk/messages/{_said(world).conversation_id}/"


def _shop_talk(world) -> str:
    return f"/shops/{world.market.shop.pk}/talk/"


def _report(world) -> str:
    return f"/messages/{_said(world, 'clerk').pk}/report/"


def _ask(world) -> str:
    return f"/orders/{world.paid_order.number}/after-sales/"


def _wish(world) -> dict:
    line = world.paid_order.lines.get()
    return {"key": KEY, "kind": "refund_only", "reason": "not_arrived", f"line-{line.pk}": 1, "look": "1"}


ROWS = [
    row("GET", "after-sales/", PAGE),
    row("GET", "after-sales/<int:case_id>/", PAGE_OF_BUYER, path=_case()),
    row(
        "POST",
        "after-sales/<int:case_id>/withdraw/",
        MOVE_OF_BUYER,
        path=_case("withdraw/"),
        data={"key": KEY},
    ),
    row(
        "POST",
        "after-sales/<int:case_id>/send-back/",
        MOVE_OF_BUYER,
        path=_case("send-back/", "awaiting_return"),
        data={"key": KEY, "carrier": "sf", "tracking_number": "SF12345678"},
    ),
    row(
        "POST",
        "after-sales/<int:case_id>/appeal/",
        MOVE_OF_BUYER,
        path=_case("appeal/", "rejected"),
        data={"key": KEY, "text": "请看照片"},
    ),
    row("GET", "messages/", PAGE),
    # Everybody may write to an open shop; its own people read at the desk.
    row("GET", "shops/<int:shop_id>/talk/", "302 200 200 200 302 200 200", path=_shop_talk),
    row("POST", "shops/<int:shop_id>/talk/", 302, path=_shop_talk, data={"text": "在吗"}),
    row("GET", "messages/<int:message_id>/report/", PAGE_OF_BUYER, path=_report),
    row(
        "POST",
        "messages/<int:message_id>/report/",
        MOVE_OF_BUYER,
        path=_report,
        data={"reason": "骂人"},
    ),
    row("GET", "desk/messages/", "302 404 404 404 200 404 404"),
    row("GET", "desk/messages/<int:conversation_id>/", PAGE_OF_SHOP, path=_desk_talk),
    row("POST", "desk/messages/<int:conversation_id>/", MOVE_OF_SHOP, path=_desk_talk, data={"text": "在的"}),
    row(
        "POST",
        "desk/orders/<slug:number>/talk/",
        MOVE_OF_SHOP,
        path=lambda world: f"/desk/orders/{world.paid_order.number}/talk/",
    ),
    row("GET", "desk/after-sales/", "302 404 404 404 200 404 404"),
    row("GET", "desk/after-sales/<int:case_id>/", PAGE_OF_SHOP, path=_desk()),
    row(
        "POST",
        "desk/after-sales/<int:case_id>/approve/",
        MOVE_OF_SHOP,
        path=_desk("approve/"),
        data=lambda world: {"key": KEY, "total_fen": world.market.variant.price_fen + 800},
    ),
    row(
        "POST",
        "desk/after-sales/<int:case_id>/reject/",
        MOVE_OF_SHOP,
        path=_desk("reject/"),
        data={"key": KEY, "reason": "没坏"},
    ),
    row(
        "POST",
        "desk/after-sales/<int:case_id>/received/",
        MOVE_OF_SHOP,
        path=_desk("received/", "awaiting_receipt"),
        data=lambda world: {"key": KEY, "total_fen": world.market.variant.price_fen + 800, "restock": "yes"},
    ),
    row("GET", "orders/<slug:number>/after-sales/", PAGE_OF_BUYER, path=_ask),
    row(
        "POST",
        "orders/<slug:number>/after-sales/",
        PAGE_OF_BUYER,
        path=_ask,
        data=_wish,
    ),
]
