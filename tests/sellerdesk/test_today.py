"""The desk's first page: true numbers, one main action, money for owners only."""

from datetime import timedelta

from common.clock import utc_now
from livestreams.models import LiveSession
from livestreams.statuses import SessionStatus
from tests.factories.shops import NOW, add_member, make_product


def test_today_of_a_new_shop_leads_to_the_first_listing(client, market, mei, django_assert_max_num_queries):
    client.force_login(mei)

    with django_assert_max_num_queries(30):
        page = client.get("/desk/").content.decode()

    assert "云岭合作社" in page
    assert 'href="/desk/goods/new/"' in page
    assert "stat--hero" in page


def test_today_shows_what_runs_out_and_what_comes(client, market, mei):
    make_product(shop=market.shop, title="快没了", stock=3)
    session = LiveSession.objects.create(
        host=market.host,
        shop=market.shop,
        title="明早开播",
        status=SessionStatus.SCHEDULED,
        scheduled_at=utc_now() + timedelta(hours=20),
        created_at=NOW,
    )
    client.force_login(mei)

    page = client.get("/desk/").content.decode()

    assert "快没了" in page
    assert "明早开播" in page
    assert f"/desk/live/{session.pk}/console/" in page


def test_clerk_sees_no_money(client, market, zoya):
    add_member(shop=market.shop, user=zoya)
    client.force_login(zoya)

    assert "stat--hero" not in client.get("/desk/").content.decode()


def test_host_without_a_shop_sees_shows_only(client, market, zhuoma):
    client.force_login(zhuoma)

    page = client.get("/desk/").content.decode()

    assert 'href="/desk/live/"' in page
    assert 'href="/desk/goods/new/"' not in page
    assert client.get("/desk/goods/").status_code == 404
