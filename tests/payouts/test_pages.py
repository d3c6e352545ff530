import uuid

import pytest
from django.core.paginator import Page

from common.clock import utc_now
from livestreams.models import Chapter, FlashDeal, Replay
from livestreams.services.timing_deals import watch_deals
from orders.models import Order
from orders.services.paying import mark_group_paid
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from orders.services.receiving import receive_order
from orders.services.shipping import ship_order
from payouts.models import PayoutStatement
from payouts.selectors import expected_payout
from payouts.services.paying import approve_payout, mark_paid
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.lots import bring, make_grower, make_pool
from tests.factories.orders import make_address, make_shipped
from tests.factories.payouts import close_week, make_completed, make_live_sale, statement_of
from tests.factories.runs import make_account
from tests.factories.shops import add_member, make_host, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def week(market, arun, mei, now):
    """One sale from a pin, closed: statements of farmer, host and shop."""
    order = make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    period = close_week(shop=market.shop, now=now)
    return {
        "order": order,
        "farmer": statement_of(period, farmer=market.farmer),
        "host": statement_of(period, host=market.host),
        "shop": statement_of(period, payee_shop=market.shop),
    }


def give_account(farmer):
    user = make_person(name=farmer.name)
    farmer.user = user
    farmer.save(update_fields=["user"])
    return user


def test_money_page_shows_what_is_earned_expected_and_waiting(market, arun, mei, now, client):
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    make_shipped(buyer=arun, seller=mei, variant=market.variant, now=now)
    user = give_account(market.farmer)
    client.force_login(user)

    response = client.get("/desk/money/")

    earnings = response.context["earnings"]
    assert (earnings.today_fen, earnings.period_fen, earnings.coming_fen) == (6596, 6596, 6596)
    assert (earnings.carried_fen, earnings.waiting_fen, earnings.expected_fen) == (0, 0, 6596)
    assert response.context["months"][-1]["value"] == 6596
    assert len(response.context["months"]) == 6
    close_week(shop=market.shop, now=now)
    after = expected_payout(user=user, now=now)
    assert (after.period_fen, after.expected_fen, after.waiting_fen) == (0, 0, 6596)


def test_each_role_sees_its_own_sums(market, arun, mei, zhuoma, zoya, now):
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)

    assert expected_payout(user=zhuoma, now=now).expected_fen == 340
    assert expected_payout(user=mei, now=now).expected_fen == 800
    assert expected_payout(user=arun, now=now).expected_fen == 0
    assert not expected_payout(user=zoya, now=now).is_payee


def test_payee_and_printing_owner_see_the_tally_others_404(market, week, mei, zhuoma, arun, zoya, client):
    farmer = give_account(market.farmer)
    clerk = make_person(name="店员")
    add_member(shop=market.shop, user=clerk)
    other_host = make_person(name="别的主播")
    make_host(user=other_host, village=market.village)
    may = {
        "farmer": [farmer, mei],
        "host": [zhuoma],
        "shop": [mei],
    }
    for name, people in may.items():
        for person in (farmer, mei, zhuoma, arun, zoya, clerk, other_host):
            client.force_login(person)
            response = client.get(f"/desk/statements/{week[name].pk}/")
            assert response.status_code == (200 if person in people else 404), (name, person)
            listed = client.get("/api/v1/payout-statements/").json()["results"]
            assert (week[name].pk in [each["id"] for each in listed]) == (person in people), (name, person)
            for rest in ("", "lines/"):
                answer = client.get(f"/api/v1/payout-statements/{week[name].pk}/{rest}")
                assert answer.status_code == (200 if person in people else 404), (name, person, rest)
    client.logout()
    assert client.get(f"/desk/statements/{week['farmer'].pk}/").status_code == 302


def test_lists_split_own_tallies_from_those_to_print(market, week, mei, zhuoma, client):
    client.force_login(mei)
    context = client.get("/desk/money/").context
    own, to_print = context["statements"], context["to_print"]

    assert isinstance(own, Page)
    assert list(own) == [week["shop"]]
    assert list(to_print) == [week["farmer"]]
    client.force_login(zhuoma)
    context = client.get("/desk/money/").context
    assert (list(context["statements"]), list(context["to_print"])) == ([week["host"]], [])


def test_clerk_is_told_that_money_is_the_owners_and_strangers_get_404(market, week, zoya, client):
    clerk = make_person(name="店员")
    add_member(shop=market.shop, user=clerk)
    client.force_login(clerk)

    response = client.get("/desk/money/")

    assert response.status_code == 200
    assert not response.context["statements"]
    assert "62.56" not in response.content.decode()
    client.force_login(zoya)
    assert client.get("/desk/money/").status_code == 404


def test_tally_of_the_farmer_shows_lines_and_links_to_order_and_second(market, week, mei, client):
    order = week["order"]
    sold = order.lines.get()
    replay = Replay.objects.create(session=sold.live_session, created_at=order.placed_at)
    Chapter.objects.create(replay=replay, pin_event=sold.pin_event, title="x", starts_ms=83_400)
    client.force_login(mei)

    response = client.get(f"/desk/statements/{week['farmer'].pk}/")

    html = response.content.decode()
    assert f'href="/desk/orders/{order.number}/"' in html
    assert f'href="/live/{sold.live_session_id}/?t=83"' in html
    for amount in ("68.00", "3.40", "2.04", "62.56"):
        assert amount in html
    parts = [(part.kind, part.amount_fen) for part in response.context["parts"]]
    assert parts == [("farmer", 6256), ("host", 340), ("platform", 204)]
    assert week["farmer"].code in html


def test_what_a_deal_sold_without_a_pin_leads_to_the_second_at_which_it_began(
    market, mei, arun, client, valkey
):
    session = make_session(host=market.host, shop=market.shop)
    item = add_to_rundown(session=session, variant=market.variant)
    deal = make_deal(item=item, price_fen=6_000)
    watch_deals()
    wanted = [WantedLine(market.variant.pk, 1, deal_id=deal.pk)]
    answer, _replayed = place_order(
        buyer=arun, lines=wanted, address_id=make_address(user=arun).pk, source="",
        idempotency_key=uuid.uuid4(), now=utc_now(),
    )  # fmt: skip
    order = Order.objects.get(group=answer["group"])
    assert mark_group_paid(group_id=order.group_id, now=utc_now())
    ship_order(actor=mei, number=order.number, carrier="sf", tracking_number="SF0000000001", now=utc_now())
    receive_order(buyer=arun, number=order.number, now=utc_now())
    sold = order.lines.get()
    assert (sold.pin_event, sold.flash_deal, sold.live_session) == (None, deal, session)
    FlashDeal.objects.filter(pk=deal.pk).update(media_time_ms=61_900)
    tally = statement_of(close_week(shop=market.shop, now=utc_now()), farmer=market.farmer)
    client.force_login(mei)

    assert f'href="/live/{session.pk}/?t=61"' in client.get(f"/desk/statements/{tally.pk}/").content.decode()
    (line,) = client.get(f"/api/v1/payout-statements/{tally.pk}/lines/").json()["results"]
    assert (line["live_session"], line["replay_second"]) == (session.pk, 61)


def test_tally_of_one_payee_names_nobody_else(market, week, zhuoma, client):
    farmer = give_account(market.farmer)
    people = {"扎西", "卓玛", "阿润", "13800000003", "人民路"}
    for viewer, name, own in ((farmer, "farmer", "扎西"), (zhuoma, "host", "卓玛")):
        client.force_login(viewer)
        html = client.get(f"/desk/statements/{week[name].pk}/").content.decode()
        lines = client.get(f"/api/v1/payout-statements/{week[name].pk}/lines/").content.decode()
        for other in people - {own}:
            assert other not in html and other not in lines, (name, other)
    client.force_login(zhuoma)
    html = client.get(f"/desk/statements/{week['host'].pk}/").content.decode()
    assert "62.56" not in html and "68.00" not in html and "3.40" in html


def test_paid_tally_says_when_and_by_which_reference(market, week, mei, operator, checker, now, client):
    payout = week["farmer"].payout
    make_account(payee=payout.statement.farmer, writer=operator, checker=checker, now=now)
    approve_payout(actor=operator, payout_id=payout.pk, now=now)
    mark_paid(actor=checker, payout_id=payout.pk, reference="B-77", now=now)
    client.force_login(mei)

    assert "B-77" in client.get(f"/desk/statements/{week['farmer'].pk}/").content.decode()


def test_api_shapes(market, week, mei, client):
    client.force_login(mei)
    statement = week["farmer"]

    one = client.get(f"/api/v1/payout-statements/{statement.pk}/").json()
    lines = client.get(f"/api/v1/payout-statements/{statement.pk}/lines/").json()

    assert one["payee"] == {"kind": "farmer", "id": market.farmer.pk, "name": "扎西"}
    assert one["shop"] == {"id": market.shop.pk, "name": "云岭合作社"}
    assert one["payout"] == {"status": "pending", "amount_fen": 6256, "method": "cash", "paid_at": None}
    sums = ("gross_fen", "commission_fen", "platform_fee_fen", "freight_fen", "carried_fen", "net_fen")
    assert [one[name] for name in sums] == [6800, 340, 204, 0, 0, 6256]
    assert (one["code"], one["status"], one["period"]["status"]) == (statement.code, "issued", "closed")
    assert set(lines) == {"next", "previous", "results"}
    line = lines["results"][0]
    assert line["order_number"] == week["order"].number
    assert (line["kind"], line["quantity"], line["amount_fen"]) == ("sale", 1, 6256)
    assert (line["title"], line["replay_second"]) == ("高山青稞米", None)
    assert client.post("/api/v1/payout-statements/", {}).status_code == 405
    assert client.patch(f"/api/v1/payout-statements/{statement.pk}/", {"net_fen": 1}).status_code == 405
    assert PayoutStatement.objects.get(pk=statement.pk).net_fen == 6256
    for wrong in ("0", "abc", "9" * 30, "-1"):
        assert client.get(f"/api/v1/payout-statements/{wrong}/").status_code == 404


def test_lines_name_the_lots_of_their_payee_and_nobody_elses(market, arun, mei, now, client):
    pema = make_grower(shop=market.shop, name="白玛")
    pool = make_pool(shop=market.shop, actor=mei, now=now)
    own = bring(actor=mei, variant=pool, farmer=market.farmer, quantity=2, now=now)
    other = bring(actor=mei, variant=pool, farmer=pema, quantity=2, now=now)
    order = make_completed(buyer=arun, seller=mei, variant=pool, now=now, quantity=4)
    period = close_week(shop=market.shop, now=now)
    statement = statement_of(period, farmer=market.farmer)
    client.force_login(give_account(market.farmer))

    page = client.get(f"/desk/statements/{statement.pk}/")
    (line,) = client.get(f"/api/v1/payout-statements/{statement.pk}/lines/").json()["results"]

    assert (line["lots"], line["order_number"]) == ([own.code], order.number)
    assert [row.lots for row in page.context["lines"]] == [[own.code]]
    assert own.code in page.content.decode() and other.code not in page.content.decode()


def test_statement_reads_do_not_grow_with_its_lines(
    market, arun, mei, now, client, django_assert_max_num_queries
):
    for _ in range(8):
        make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    statement = statement_of(close_week(shop=market.shop, now=now), farmer=market.farmer)
    client.force_login(mei)

    with django_assert_max_num_queries(13):  # one more for the bar: has this person a desk?
        response = client.get(f"/desk/statements/{statement.pk}/")

    assert len(response.context["lines"]) == 8
