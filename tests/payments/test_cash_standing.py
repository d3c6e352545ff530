"""Cash at the door: only for shops that are checked; goods that are called back on their way."""

import uuid

import pytest

from common.clock import utc_now
from ledger.selectors import trial_balance
from orders.errors import ShopNotChecked
from orders.models import AfterSaleCase, Order, RefundRequest
from orders.services.confirming import refuse_parcel
from orders.services.recalling import recall_lot, settle_recall
from orders.services.shipping import ship_order
from payments.services.collecting import confirm_cash, is_cash_offered, record_cash
from shops.models import Shop, VariantStock
from tests.factories.lots import bring, make_grower, make_pool
from tests.factories.orders import place_one

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _offered(settings):
    settings.PAYMENT_GATEWAYS = ["cash_on_delivery"]
    settings.CASH_ON_DELIVERY_MAX_FEN = 100_000


def confirm(arun, order) -> bool:
    return confirm_cash(buyer=arun, group_id=order.group_id, idempotency_key=uuid.uuid4(), now=utc_now())


def note(mei, order) -> Order:
    return record_cash(
        actor=mei, number=order.number, holder="carrier", amount_fen=order.total_fen, now=utc_now()
    )


def status_of(order) -> str:
    return Order.objects.get(pk=order.pk).status


def counters(variant) -> tuple[int, int, int]:
    row = VariantStock.objects.get(variant=variant)
    return row.available, row.reserved, row.sold


def test_cash_is_not_promised_to_a_shop_whose_papers_nobody_has_seen(client, market, arun, settings):
    order = place_one(buyer=arun, variant=market.variant)
    settings.IS_PRODUCTION = True
    settings.COLLECTION_MODE = ""

    assert not is_cash_offered(order.group)
    with pytest.raises(ShopNotChecked) as refusal:
        confirm(arun, order)
    assert market.shop.name in str(refusal.value.message)
    assert (status_of(order), counters(market.variant)) == ("pending_payment", (99, 1, 0))
    client.force_login(arun)
    assert b'value="cash_on_delivery"' not in client.get(f"/checkout/{order.group_id}/").content

    Shop.objects.update(standing="payee")

    assert b'value="cash_on_delivery"' in client.get(f"/checkout/{order.group_id}/").content
    assert confirm(arun, order) is False
    assert status_of(order) == "confirmed"


@pytest.mark.parametrize(("is_production", "stops"), [(True, True), (False, False)])
def test_the_desk_says_how_the_shop_stands(client, market, mei, settings, is_production, stops):
    settings.IS_PRODUCTION = is_production
    client.force_login(mei)

    page = client.get("/desk/").content.decode()
    assert ('data-standing="unchecked" role="alert"' in page) == stops
    assert 'data-standing="unchecked"' in client.get("/desk/money/").content.decode()
    Shop.objects.update(standing="payee")

    assert "data-standing" not in client.get("/desk/").content.decode()
    assert 'data-standing="payee"' in client.get("/desk/money/").content.decode()


def on_its_way(arun, mei, pool, now, quantity=8) -> Order:
    order = place_one(buyer=arun, variant=pool, quantity=quantity)
    confirm(arun, order)
    number = f"SF{uuid.uuid4().int % 10**12:012d}"
    return ship_order(actor=mei, number=order.number, carrier="sf", tracking_number=number, now=now)


@pytest.fixture
def pool(market, mei):
    now = utc_now()
    variant = make_pool(shop=market.shop, actor=mei, now=now)
    for name, quantity in (("格桑", 30), ("洛桑", 10)):
        grower = make_grower(shop=market.shop, name=name)
        bring(actor=mei, variant=variant, farmer=grower, quantity=quantity, now=now)
    return variant


def test_goods_called_back_on_the_way_are_refunded_once_they_are_paid(client, market, arun, mei, pool):
    now = utc_now()
    order = on_its_way(arun, mei, pool, now)
    lot = pool.lots.last()
    recall_lot(actor=mei, lot_id=lot.pk, reason="农残超标", now=now)
    settle_recall(lot_id=lot.pk, now=now)
    client.force_login(arun)
    assert "data-called-back" in client.get(f"/orders/{order.number}/").content.decode()
    client.force_login(mei)
    assert "data-called-back" in client.get(f"/desk/orders/{order.number}/").content.decode()
    assert not RefundRequest.objects.exists()

    note(mei, order)
    note(mei, order)
    settle_recall(lot_id=lot.pk, now=now)

    # Two of the eight came out of the lot.
    case = AfterSaleCase.objects.get()
    assert (case.reason, case.amount_fen, case.lines.get().quantity) == ("recalled", 13600, 2)
    assert (case.status, RefundRequest.objects.get().amount_fen) == ("awaiting_refund", 13600)
    assert status_of(order) == "completed"
    assert trial_balance().is_right
    assert "data-called-back" not in client.get(f"/desk/orders/{order.number}/").content.decode()


def test_goods_called_back_that_are_refused_are_not_sold_again(arun, mei, pool):
    now = utc_now()
    order = on_its_way(arun, mei, pool, now)
    lot = pool.lots.last()
    recall_lot(actor=mei, lot_id=lot.pk, reason="农残超标", now=now)
    settle_recall(lot_id=lot.pk, now=now)

    refuse_parcel(actor=mei, number=order.number, now=now)

    assert status_of(order) == "cancelled"
    assert not RefundRequest.objects.exists() and not AfterSaleCase.objects.exists()
    # The six of the other lot are on the shelf again.
    assert counters(pool) == (30, 0, 0)
