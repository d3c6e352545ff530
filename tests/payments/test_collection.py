"""Production takes money for several shops only by a lawful way, and only for shops that are checked."""

import uuid

import pytest
from django.core.checks import run_checks

from common.clock import database_now, utc_now
from common.errors import Invalid, NotAllowed
from common.models import AuditEntry, IdempotencyKey, OutboxMessage
from orders.errors import ShopByShop, ShopNotChecked
from orders.models import CartLine, Order, OrderGroup
from orders.services.carting import add_to_cart
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from payments.checks import check_collection_mode, find_problems
from payments.models import Payment
from payments.services.starting import start_payment
from shops.models import Shop, VariantStock
from shops.services.people import set_standing
from tests.factories.shops import make_person, make_product, make_shop

pytestmark = pytest.mark.django_db
LAWFUL = ["own_goods", "profit_sharing", "escrow"]
FITTING = [("own_goods", "own"), ("profit_sharing", "payee"), ("profit_sharing", "own"), ("escrow", "payee")]


@pytest.fixture
def honey(zoya):
    """Goods of another shop."""
    return make_product(shop=make_shop(owner=zoya), title="蜂蜜", price_fen=3000).variants.get()


@pytest.fixture
def production(settings, market, honey):
    """A market that takes real money; both its shops are checked."""
    settings.IS_PRODUCTION = True
    settings.COLLECTION_MODE = ""
    Shop.objects.update(standing="payee")
    return settings


def place(market, arun, *variants):
    answer, _ = place_order(
        buyer=arun,
        lines=[WantedLine(variant.pk, 1) for variant in variants],
        address_id=market.address.pk,
        idempotency_key=uuid.uuid4(),
        now=utc_now(),
    )
    return answer["group"]


def pay(arun, group_id: int) -> Payment:
    payment, _ = start_payment(
        buyer=arun, group_id=group_id, gateway="sandbox", idempotency_key=uuid.uuid4(),
        origin="https://market.example", now=utc_now(),
    )  # fmt: skip
    return payment


def nothing_is_written() -> bool:
    tables = (Order, OrderGroup, Payment, IdempotencyKey, OutboxMessage)
    held = VariantStock.objects.filter(reserved__gt=0)
    return not any(table.objects.exists() for table in tables) and not held.exists()


def test_a_demo_takes_everything_together(market, honey, arun, sandbox, settings):
    settings.COLLECTION_MODE = ""
    assert set(Shop.objects.values_list("standing", flat=True)) == {"unchecked"}

    payment = pay(arun, place(market, arun, market.variant, honey))

    assert (payment.status, payment.amount_fen) == ("pending", 11400)


def test_without_a_lawful_way_several_shops_are_refused_and_nothing_is_written(
    market, honey, arun, production
):
    OutboxMessage.objects.all().delete()

    with pytest.raises(ShopByShop) as refusal:
        place(market, arun, market.variant, honey)

    shops = sorted([market.shop.pk, honey.product.shop_id])
    assert (refusal.value.code, refusal.value.extra()) == ("shop_by_shop", {"shops": shops})
    assert nothing_is_written()


def test_without_a_lawful_way_each_shop_is_paid_on_its_own(market, honey, arun, production, sandbox):
    payments = [pay(arun, place(market, arun, variant)) for variant in (market.variant, honey)]

    assert [payment.amount_fen for payment in payments] == [7600, 3800]


@pytest.mark.parametrize(("mode", "standing"), FITTING)
def test_a_lawful_way_takes_checked_shops_together(market, honey, arun, production, sandbox, mode, standing):
    production.COLLECTION_MODE = mode
    Shop.objects.update(standing=standing)

    assert pay(arun, place(market, arun, market.variant, honey)).amount_fen == 11400


@pytest.mark.parametrize(
    ("mode", "standing"),
    [("", "unchecked"), ("own_goods", "payee"), ("own_goods", "unchecked"), ("escrow", "unchecked")],
)
def test_no_money_is_taken_for_a_shop_that_is_not_checked_for_it(
    market, honey, arun, production, mode, standing
):
    OutboxMessage.objects.all().delete()
    production.COLLECTION_MODE = mode
    Shop.objects.filter(pk=market.shop.pk).update(standing=standing)

    with pytest.raises(ShopNotChecked) as refusal:
        place(market, arun, market.variant)

    assert refusal.value.code == "shop_not_checked"
    assert market.shop.name in str(refusal.value.message)
    assert nothing_is_written()


@pytest.mark.parametrize("wrong", ["several", "unchecked"])
def test_a_purchase_from_before_is_not_paid_by_a_way_that_is_not_lawful(
    market, honey, arun, settings, sandbox, wrong
):
    variants = (market.variant, honey) if wrong == "several" else (market.variant,)
    group = place(market, arun, *variants)
    keys = IdempotencyKey.objects.count()
    settings.IS_PRODUCTION = True
    settings.COLLECTION_MODE = ""
    if wrong == "several":
        Shop.objects.update(standing="payee")

    with pytest.raises(ShopByShop if wrong == "several" else ShopNotChecked):
        pay(arun, group)

    assert not Payment.objects.exists()
    assert IdempotencyKey.objects.count() == keys
    assert set(Order.objects.values_list("status", flat=True)) == {"pending_payment"}


def test_a_payment_that_was_begun_before_is_not_handed_out_again(market, honey, arun, settings, sandbox):
    group, key = place(market, arun, market.variant, honey), uuid.uuid4()
    wish = {"buyer": arun, "group_id": group, "gateway": "sandbox", "idempotency_key": key}
    start_payment(**wish, origin="https://market.example", now=utc_now())
    settings.IS_PRODUCTION = True
    settings.COLLECTION_MODE = ""

    with pytest.raises(ShopByShop):
        start_payment(**wish, origin="https://market.example", now=utc_now())


def test_the_api_says_which_shops_are_to_be_paid_alone(client, market, honey, arun, production):
    client.force_login(arun)
    body = {
        "lines": [{"variant": one.pk, "quantity": 1} for one in (market.variant, honey)],
        "address": market.address.pk,
    }

    answer = client.post(
        "/api/v1/orders/", body, content_type="application/json",
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )  # fmt: skip

    assert answer.status_code == 409
    assert answer.json()["code"] == "shop_by_shop"
    assert answer.json()["shops"] == sorted([market.shop.pk, honey.product.shop_id])
    asked = client.post("/api/v1/order-quotes/", body, content_type="application/json")
    assert (asked.status_code, asked.json()["code"]) == (409, "shop_by_shop")
    assert not Order.objects.exists()


def test_the_checkout_offers_to_order_shop_by_shop(client, market, honey, arun, production):
    for variant in (market.variant, honey):
        add_to_cart(user=arun, variant_id=variant.pk, quantity=1, now=database_now())
    client.force_login(arun)
    page = client.get("/checkout/")
    assert b"data-apart" in page.content
    shop = honey.product.shop_id
    typed = {"key": page.context["key"], "total_fen": page.context["till"].total_fen,
             "address": market.address.pk, f"note-{shop}": "瓶子包好"}  # fmt: skip
    assert client.post("/checkout/", typed).status_code == 409
    assert not Order.objects.exists()

    alone = client.post("/checkout/", typed | {"go": f"shop-{shop}"})

    assert alone.url == f"/checkout/?only={honey.pk}&address={market.address.pk}"
    page = client.get(alone.url)
    assert b"data-apart" not in page.content
    assert page.context["till"].total_fen == 3800
    typed |= {"total_fen": 3800, "only": honey.pk}
    assert client.post("/checkout/", typed).status_code == 302
    order = Order.objects.get()
    assert (order.shop_id, order.note) == (shop, "瓶子包好")
    assert list(CartLine.objects.values_list("variant", flat=True)) == [market.variant.pk]
    assert client.post("/checkout/", {"key": str(uuid.uuid4()), "go": f"shop-{shop}"}).status_code == 200


def test_a_demo_checkout_knows_nothing_of_it(client, market, honey, arun):
    for variant in (market.variant, honey):
        add_to_cart(user=arun, variant_id=variant.pk, quantity=1, now=database_now())
    client.force_login(arun)

    assert b"data-apart" not in client.get("/checkout/").content


@pytest.mark.parametrize("mode", ["", *LAWFUL])
def test_the_deploy_check_wants_to_know_the_way(settings, mode):
    settings.COLLECTION_MODE = mode

    for gateways, expected in (
        (["sandbox"], [] if mode else ["payments.E005"]),
        (["cash_on_delivery"], []),
        ([], []),
    ):
        settings.PAYMENT_GATEWAYS = gateways
        assert [error.id for error in check_collection_mode()] == expected
    settings.PAYMENT_GATEWAYS = ["sandbox"]
    found = {error.id for error in run_checks(tags=["payments"], include_deployment_checks=True)}
    assert ("payments.E005" in found) == (not mode)
    assert "payments.E005" not in {error.id for error in run_checks(tags=["payments"])}


def test_a_way_that_nobody_knows_stops_the_start(settings):
    settings.COLLECTION_MODE = "trust_me"

    assert [code for code, _words in find_problems()] == ["payments.E006"]


def test_an_operator_writes_down_what_the_papers_say(market, mei):
    operator = make_person(name="管理员", is_staff=True)

    set_standing(actor=operator, shop=market.shop, standing="payee", now=utc_now(), reason="执照 91350100")

    market.shop.refresh_from_db()
    assert market.shop.standing == "payee"
    entry = AuditEntry.objects.get(action="shops.shop_standing")
    assert (entry.before, entry.after) == ({"standing": "unchecked"}, {"standing": "payee"})
    assert (entry.actor, entry.target) == (f"user:{operator.pk}", f"shop:{market.shop.pk}")


@pytest.mark.parametrize("wrong", ["member", "no reason", "unknown"])
def test_a_standing_is_not_written_down_by_others_or_without_a_reason(market, mei, wrong):
    operator = make_person(name="管理员", is_staff=True)
    said = {"standing": "own", "reason": "执照"} | {
        "no reason": {"reason": " "}, "unknown": {"standing": "rich"}, "member": {},
    }[wrong]  # fmt: skip

    with pytest.raises(NotAllowed if wrong == "member" else Invalid):
        set_standing(actor=mei if wrong == "member" else operator, shop=market.shop, now=utc_now(), **said)

    market.shop.refresh_from_db()
    assert market.shop.standing == "unchecked"
    assert not AuditEntry.objects.filter(action="shops.shop_standing").exists()
