"""Words to a shop: each reaches its own shop only, and none is lost while the buyer still chooses."""

import re
import uuid

import pytest
from django.db.models import F

from common.clock import database_now, utc_now
from common.errors import Invalid
from orders.models import Order
from orders.services.carting import add_to_cart
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from shops.models import VariantStock
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.orders import make_paid
from tests.factories.shops import make_product, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def honey(zoya):
    """Goods of another shop."""
    return make_product(shop=make_shop(owner=zoya), title="蜂蜜", price_fen=3000).variants.get()


@pytest.fixture
def full_cart(market, honey, arun):
    for variant in (market.variant, honey):
        add_to_cart(user=arun, variant_id=variant.pk, quantity=1, now=database_now())


def place(market, arun, *variants, **words):
    return place_order(
        buyer=arun,
        lines=[WantedLine(variant.pk, 1) for variant in variants],
        address_id=market.address.pk,
        idempotency_key=uuid.uuid4(),
        now=utc_now(),
        **words,
    )


def field(page, name: str) -> str:
    """What stands in a field of a page."""
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', page.content.decode()).group()
    return re.search(r'value="([^"]*)"', tag).group(1)


def said() -> dict[int, str]:
    return dict(Order.objects.values_list("shop", "note"))


def test_each_shop_reads_only_the_words_that_are_for_it(client, market, honey, arun, mei, zoya):
    place(
        market, arun, market.variant, honey,
        notes={market.shop.pk: "少放辣椒", honey.product.shop_id: "瓶子包好"},
    )  # fmt: skip

    assert said() == {market.shop.pk: "少放辣椒", honey.product.shop_id: "瓶子包好"}
    Order.objects.update(status="paid", paid_at=utc_now(), captured_fen=F("total_fen"))
    for person, shop_id, own, foreign in (
        (mei, market.shop.pk, "少放辣椒", "瓶子包好"),
        (zoya, honey.product.shop_id, "瓶子包好", "少放辣椒"),
    ):
        client.force_login(person)
        number = Order.objects.get(shop=shop_id).number
        pages = (f"/desk/orders/{number}/", "/desk/orders/", "/desk/parcels/print/?kind=list")
        for path in pages:
            page = client.get(path).content.decode()
            assert (own in page, foreign in page) == (True, False), path
        orders = client.get("/api/v1/orders/").json()["results"]
        assert [order["note"] for order in orders] == [own]


def test_words_to_one_shop_leave_the_other_without(market, honey, arun):
    place(market, arun, market.variant, honey, notes={honey.product.shop_id: "瓶子包好", market.shop.pk: ""})

    assert said() == {market.shop.pk: "", honey.product.shop_id: "瓶子包好"}


@pytest.mark.parametrize("words", ["one for two", "both", "foreign"])
def test_words_that_could_reach_a_wrong_shop_are_refused_and_nothing_is_kept(market, honey, arun, words):
    own, other = market.shop.pk, honey.product.shop_id
    variants = (market.variant, honey) if words == "one for two" else (market.variant,)
    wrong = {
        "one for two": {"note": "给谁？"},
        "both": {"note": "甲", "notes": {own: "乙"}},
        "foreign": {"notes": {other: "给别家"}},
    }[words]

    with pytest.raises(Invalid) as refusal:
        place(market, arun, *variants, **wrong)

    assert list(refusal.value.fields) == ["notes" if words == "foreign" else "note"]
    assert not Order.objects.exists()
    assert not VariantStock.objects.filter(reserved__gt=0).exists()


def test_the_api_takes_words_by_shop(client, market, honey, arun):
    client.force_login(arun)
    body = {
        "lines": [{"variant": one.pk, "quantity": 1} for one in (market.variant, honey)],
        "address": market.address.pk,
    }
    key = {"Idempotency-Key": str(uuid.uuid4())}
    own, other = market.shop.pk, honey.product.shop_id

    def post(**more):
        return client.post("/api/v1/orders/", body | more, content_type="application/json", headers=key)

    for wrong in (
        {"note": "给谁？"},
        {"notes": [{"shop": own, "note": "甲"}, {"shop": own, "note": "乙"}]},
        {"notes": [{"shop": own, "note": "x" * 201}]},
        {"notes": [{"shop": own}]},
        {"notes": [{"shop": 0, "note": "x"}]},
        {"notes": {"1": "x"}},
    ):
        answer = post(**wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), wrong
    assert not Order.objects.exists()
    asked = client.post("/api/v1/order-quotes/", body | {"note": "给谁？"}, content_type="application/json")
    assert (asked.status_code, list(asked.json()["fields"])) == (400, ["note"])

    notes = [{"shop": other, "note": "瓶子包好"}]
    assert [post(notes=notes).status_code, post(notes=notes).status_code] == [201, 200]
    assert said() == {own: "", other: "瓶子包好"}
    assert post(notes=[{"shop": other, "note": "别的"}]).json()["code"] == "idempotency_conflict"


def test_the_checkout_has_a_field_for_each_shop(client, market, honey, arun, full_cart):
    client.force_login(arun)
    page = client.get("/checkout/")
    names = (f"note-{market.shop.pk}", f"note-{honey.product.shop_id}")
    form = {name: field(page, name) for name in ("key", "total_fen", "coupon", *names)}
    assert [form[name] for name in names] == ["", ""]

    form |= {"address": market.address.pk, names[0]: "少放辣椒", names[1]: " 瓶子包好 "}
    assert client.post("/checkout/", form).status_code == 302

    assert said() == {market.shop.pk: "少放辣椒", honey.product.shop_id: "瓶子包好"}


@pytest.mark.parametrize("chosen", ["other", "none"])
def test_choosing_another_coupon_keeps_what_is_typed_and_the_address(
    client, market, honey, mei, arun, full_cart, chosen
):
    small = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei))
    best = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei, amount_off_fen=900))
    client.force_login(arun)
    page = client.get("/checkout/")
    assert field(page, "coupon") == str(best.pk)
    name = f"note-{honey.product.shop_id}"
    typed = {key: field(page, key) for key in ("key", "total_fen", "coupon")} | {
        name: "瓶子 <b>包好</b>", "address": market.address.pk,
    }  # fmt: skip
    wanted = str(small.pk) if chosen == "other" else "0"

    shown = client.post("/checkout/", typed | {"choose": wanted})

    assert not Order.objects.exists()
    assert (shown.status_code, field(shown, "coupon")) == (200, wanted)
    assert field(shown, name) == "瓶子 &lt;b&gt;包好&lt;/b&gt;"
    assert field(shown, f"note-{market.shop.pk}") == ""
    assert field(shown, "key") == typed["key"]
    placed = typed | {"coupon": wanted, "total_fen": field(shown, "total_fen")}
    assert client.post("/checkout/", placed).status_code == 302
    assert said() == {market.shop.pk: "", honey.product.shop_id: "瓶子 <b>包好</b>"}


def test_words_wait_while_an_address_is_added_and_are_gone_once_they_are_sent(
    client, market, arun, full_cart, honey
):
    client.force_login(arun)
    name = f"note-{market.shop.pk}"
    key = field(client.get("/checkout/"), "key")

    away = client.post("/checkout/", {"key": key, name: "少放辣椒", "go": "add"})

    assert (away.status_code, away.url) == (302, "/me/addresses/new/?next=%2Fcheckout%2F")
    page = client.get("/checkout/")
    assert field(page, name) == "少放辣椒"
    form = {one: field(page, one) for one in ("key", "total_fen", "coupon", name)}
    assert client.post("/checkout/", form | {"address": market.address.pk}).status_code == 302
    add_to_cart(user=arun, variant_id=market.variant.pk, quantity=1, now=database_now())
    assert field(client.get("/checkout/"), name) == ""


def test_words_to_a_shop_that_is_ordered_from_later_wait(client, market, honey, arun, full_cart):
    client.force_login(arun)
    first, later = f"note-{market.shop.pk}", f"note-{honey.product.shop_id}"
    client.post("/checkout/", {"key": str(uuid.uuid4()), first: "少放辣椒", later: "瓶子包好", "look": "1"})

    page = client.get("/checkout/", {"only": market.variant.pk})
    form = {one: field(page, one) for one in ("key", "total_fen", "coupon", first)}
    sent = form | {"address": market.address.pk, "only": market.variant.pk}
    assert client.post("/checkout/", sent).status_code == 302

    assert said() == {market.shop.pk: "少放辣椒"}
    assert field(client.get("/checkout/"), later) == "瓶子包好"


def test_words_that_are_taken_out_stay_out(client, market, arun, full_cart):
    client.force_login(arun)
    name = f"note-{market.shop.pk}"
    key = field(client.get("/checkout/"), "key")
    client.post("/checkout/", {"key": key, name: "少放辣椒", "look": "1"})

    client.post("/checkout/", {"key": key, name: "", "look": "1"})

    assert field(client.get("/checkout/"), name) == ""


def test_another_person_at_the_same_phone_does_not_find_the_words(client, market, arun, mei, full_cart):
    client.force_login(arun)
    name = f"note-{market.shop.pk}"
    key = field(client.get("/checkout/"), "key")
    client.post("/checkout/", {"key": key, name: "少放辣椒", "look": "1"})

    client.post("/sign-out/")
    client.force_login(mei)
    add_to_cart(user=mei, variant_id=market.variant.pk, quantity=1, now=database_now())

    assert field(client.get("/checkout/"), name) == ""


def test_the_order_page_shows_the_buyer_his_words(client, market, arun):
    order = make_paid(buyer=arun, variant=market.variant)
    Order.objects.filter(pk=order.pk).update(note="放在门口")
    client.force_login(arun)

    assert "放在门口" in client.get(f"/orders/{order.number}/").content.decode()
