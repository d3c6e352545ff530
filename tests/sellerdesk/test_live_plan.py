"""The desk's pages for planning: the form, the week, the list of goods."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.clock import utc_now
from livestreams.models import LiveSession, RundownItem
from shops.models import FarmerAuthorization
from tests.factories.livestreams import add_to_rundown, make_session
from tests.factories.shops import authorize_shop, make_farmer, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def tomorrow():
    noon = timezone.localtime(utc_now()).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon + timedelta(days=1)


@pytest.fixture
def desk(client, zhuoma, valkey):
    client.force_login(zhuoma)
    return client


def typed(market, at, **changes) -> dict:
    return {
        "title": "青稞丰收", "scheduled_at": at.strftime("%Y-%m-%dT%H:%M"), "planned_minutes": "120",
        "shop": market.shop.pk, "host": market.host.pk,
    } | changes  # fmt: skip


def goods_of(market, count: int) -> list:
    variants = []
    for number in range(count):
        farmer = make_farmer(village=market.village, name=f"农户{number}")
        authorize_shop(farmer=farmer, shop=market.shop, floor_price_bp=9000)
        product = make_product(shop=market.shop, farmer=farmer, title=f"货{number}", price_fen=6800)
        variants.append(product.variants.get())
    return variants


def test_show_is_planned_at_the_villages_hour(desk, market, tomorrow):
    answer = desk.post("/desk/live/new/", typed(market, tomorrow))

    assert answer.status_code == 302
    assert LiveSession.objects.get().scheduled_at == tomorrow
    assert "Asia/Shanghai" in desk.get("/desk/live/new/").content.decode()


def test_clash_is_shown_with_a_tick_to_overrule_it(desk, market, tomorrow):
    make_session(host=market.host, shop=market.shop, status="scheduled", at=tomorrow, title="蜂蜜专场")

    first = desk.post("/desk/live/new/", typed(market, tomorrow))

    assert first.status_code == 409
    page = first.content.decode()
    assert "蜂蜜专场" in page
    assert 'name="allow_clash"' in page
    assert LiveSession.objects.count() == 1
    assert 'name="allow_clash"' not in desk.get("/desk/live/new/").content.decode()
    assert desk.post("/desk/live/new/", typed(market, tomorrow, allow_clash="on")).status_code == 302
    assert LiveSession.objects.count() == 2


def test_series_is_planned_announced_and_called_off(desk, market, tomorrow):
    desk.post("/desk/live/new/", typed(market, tomorrow, frequency="weekly", count="4"))
    first = LiveSession.objects.order_by("scheduled_at").first()

    desk.post(f"/desk/live/{first.pk}/schedule/", {"following": "on"})
    assert LiveSession.objects.filter(status="scheduled").count() == 4
    desk.post(f"/desk/live/{first.pk}/cancel/", {"reason": "大雪封山"})
    assert list(LiveSession.objects.order_by("scheduled_at").values_list("status", flat=True)) == [
        "cancelled", "scheduled", "scheduled", "scheduled",
    ]  # fmt: skip
    assert LiveSession.objects.get(pk=first.pk).cancel_reason == "大雪封山"


def test_series_without_an_end_is_asked_for_one(desk, market, tomorrow):
    answer = desk.post("/desk/live/new/", typed(market, tomorrow, frequency="weekly"))

    assert answer.status_code == 400
    assert LiveSession.objects.count() == 0


def test_week_has_seven_days_and_only_own_shows(desk, market, tomorrow, zoya, client):
    make_session(host=market.host, shop=market.shop, status="scheduled", at=tomorrow, title="青稞丰收")
    monday = tomorrow.date() - timedelta(days=tomorrow.weekday())

    page = desk.get(f"/desk/live/week/?week={tomorrow:%Y-%m-%d}")

    assert [day.on for day in page.context["days"]] == [monday + timedelta(days=n) for n in range(7)]
    assert [card["title"] for day in page.context["days"] for card in day.shows] == ["青稞丰收"]
    assert desk.get("/desk/live/week/?week=2020-02-30").status_code == 200
    client.force_login(zoya)
    other = client.get(f"/desk/live/week/?week={tomorrow:%Y-%m-%d}")
    assert (other.context["is_empty"], "青稞丰收" in other.content.decode()) == (True, False)


def test_twenty_goods_of_many_farmers_are_added_at_once(desk, market, tomorrow):
    session = make_session(host=market.host, shop=market.shop, status="draft", at=tomorrow)
    variants = goods_of(market, 20)
    body = {f"add_{variant.pk}": "on" for variant in variants}

    answer = desk.post(f"/desk/live/{session.pk}/", body | {f"price_{variants[0].pk}": "62"})

    assert answer.status_code == 302
    assert session.rundown.count() == 20
    assert session.rundown.get(variant=variants[0]).live_price_fen == 6200


def test_refusal_stands_at_its_row_with_the_terms(desk, market, tomorrow):
    session = make_session(host=market.host, shop=market.shop, status="draft", at=tomorrow)
    variants = goods_of(market, 2)
    body = {f"add_{variant.pk}": "on" for variant in variants} | {f"price_{variants[1].pk}": "50"}

    answer = desk.post(f"/desk/live/{session.pk}/", body)

    assert answer.status_code == 409
    rows = {one["pk"]: one for one in answer.context["goods"]}
    assert rows[variants[0].pk]["errors"] == []
    assert "61.20" in rows[variants[1].pk]["errors"][0]
    assert (rows[variants[0].pk]["is_chosen"], rows[variants[1].pk]["price"]) == (True, "50")
    assert RundownItem.objects.count() == 0


def test_goods_are_searched_by_words_and_farmer(desk, market, tomorrow):
    session = make_session(host=market.host, shop=market.shop, status="draft", at=tomorrow)
    variants = goods_of(market, 3)
    farmer = variants[2].product.farmer_id

    def shown(query: str) -> set[int]:
        return {one["pk"] for one in desk.get(f"/desk/live/{session.pk}/{query}").context["goods"]}

    assert shown("") == {market.variant.pk, *(variant.pk for variant in variants)}
    assert shown("?q=货1") == {variants[1].pk}
    assert shown("?q=农户0") == {variants[0].pk}
    assert shown(f"?farmer={farmer}") == {variants[2].pk}
    assert shown("?q=nothing") == set()
    assert shown("?farmer=x") == shown("")


def test_prices_and_quotas_are_saved_together(desk, market, tomorrow):
    session = make_session(host=market.host, shop=market.shop, status="draft", at=tomorrow)
    first, second = [add_to_rundown(session=session, variant=variant) for variant in goods_of(market, 2)]
    path = f"/desk/live/{session.pk}/rundown/"
    body = {
        f"{name}_{item.pk}": value
        for item in (first, second)
        for name, value in {"price": "65", "quota": "30", "limit": "2", "commission": "0"}.items()
    }

    refused = desk.post(path, body | {f"price_{second.pk}": "60"})
    first.refresh_from_db()
    assert (refused.status_code, first.live_price_fen) == (409, None)
    rows = {item["rundown_item"]: item["row"] for item in refused.context["items"]}
    assert rows[first.pk]["errors"] == []
    assert (rows[second.pk]["price"], "61.20" in rows[second.pk]["errors"][0]) == ("60", True)
    assert desk.post(path, body).status_code == 302
    assert set(session.rundown.values_list("live_price_fen", "quota", "per_buyer_limit")) == {(6500, 30, 2)}


def test_page_with_a_hundred_goods_costs_as_much_as_with_two(desk, market, tomorrow):
    few = make_session(host=market.host, shop=market.shop, status="draft", at=tomorrow)
    many = make_session(host=market.host, shop=market.shop, status="draft", at=tomorrow)
    for place, variant in enumerate(goods_of(market, 100)):
        add_to_rundown(session=many, variant=variant)
        if place < 2:
            add_to_rundown(session=few, variant=variant)
    counts = []
    for session in (few, many):
        with CaptureQueriesContext(connection) as captured:
            answer = desk.get(f"/desk/live/{session.pk}/")
        counts.append(len(captured))

    assert len(answer.context["items"]) == 100
    assert counts[0] == counts[1] <= 20
    assert len(answer.content) < 400_000


def test_withdrawn_consent_is_told_on_the_way_to_the_camera(desk, market, tomorrow):
    session = make_session(host=market.host, shop=market.shop, status="scheduled", at=tomorrow)
    add_to_rundown(session=session, variant=market.variant)
    FarmerAuthorization.objects.update(status="revoked", revoked_at=utc_now())

    page = desk.get(f"/desk/live/{session.pk}/").content.decode()

    assert page.count("扎西") >= 2
    assert "field__error" in page
