"""Gifts in the tally of a host: what viewers gave, the market's part, what is paid; what was taken back."""

import pypdfium2
import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from backoffice.comparing import JOBS
from common.clock import utc_now
from livestreams.models import Gift
from notifications.models import Notification
from payments.services.returning_gifts import return_gift
from payouts.models import PayoutStatement, StatementLine
from payouts.selectors.earnings import expected_payout
from payouts.selectors.seals import is_unaltered
from tests.factories.gifts import give, make_gift_kind
from tests.factories.orders import make_pin
from tests.factories.payouts import close_week, make_live_sale, statement_of
from tests.factories.shops import make_person, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def show(market):
    return make_pin(host=market.host, shop=market.shop, variant=market.variant)[0].session


@pytest.fixture
def given(market, arun, show, providers):
    """Three flowers: 29.97, of which the host has 20.98."""
    return give(providers=providers, giver=arun, session=show, kind=make_gift_kind(), quantity=3)[0]


def found(*jobs) -> list[tuple[str, str]]:
    return [(one.kind, one.subject) for job in jobs for one in JOBS[job](utc_now())]


def test_gift_and_commission_add_up_in_the_hosts_tally(market, arun, mei, now, given, drain_outbox):
    make_live_sale(market=market, buyer=arun, seller=mei, now=utc_now())

    period = close_week(shop=market.shop, now=utc_now())

    tally = statement_of(period, host=market.host)
    assert (tally.gross_fen, tally.gift_fen, tally.platform_fee_fen, tally.net_fen) == (340, 2997, 899, 2438)
    assert tally.payout.amount_fen == 2438
    line = tally.lines.get(kind="gift")
    assert (line.gross_fen, line.platform_fee_fen, line.amount_fen) == (2997, 899, 2098)
    assert statement_of(period, farmer=market.farmer).gift_fen == 0
    assert is_unaltered(tally)
    assert found("gifts_money", "payouts_tallies", "balances", "book_documents") == []
    drain_outbox()
    told = Notification.objects.get(dedupe_key=f"statement:{tally.pk}")
    assert "24.38" in told.title + told.body


def test_a_gift_taken_back_is_taken_off_the_next_tally_and_carried(market, now, given, operator):
    first = close_week(shop=market.shop, now=utc_now())
    return_gift(actor=operator, gift_id=given.pk, reason="孩子点的", now=first.ends_at)

    second = close_week(shop=market.shop, now=first.ends_at)

    earlier, later = (statement_of(period, host=market.host) for period in (first, second))
    assert (earlier.gift_fen, earlier.platform_fee_fen, earlier.net_fen) == (2997, 899, 2098)
    assert (later.gift_fen, later.platform_fee_fen, later.net_fen) == (-2997, -899, -2098)
    assert list(later.lines.values_list("kind", "gross_fen", "platform_fee_fen", "amount_fen")) == [
        ("gift_returned", -2997, -899, -2098)
    ]
    assert not hasattr(later, "payout") and is_unaltered(later)
    assert found("gifts_money", "payouts_tallies", "balances") == []


def test_given_and_taken_back_in_one_period_it_comes_to_nothing(market, now, given, operator):
    return_gift(actor=operator, gift_id=given.pk, reason="孩子点的", now=utc_now())

    tally = statement_of(close_week(shop=market.shop, now=utc_now()), host=market.host)

    assert (tally.gift_fen, tally.platform_fee_fen, tally.net_fen) == (0, 0, 0)
    assert sorted(tally.lines.values_list("kind", "amount_fen")) == [("gift", 2098), ("gift_returned", -2098)]


def test_the_hosts_money_page_knows_gifts_at_once(market, zhuoma, given):
    money = expected_payout(user=zhuoma, now=utc_now())

    assert (money.today_fen, money.period_fen, money.expected_fen) == (2098, 2098, 2098)


def test_page_paper_and_api_of_the_host_say_the_gift(market, zhuoma, now, given):
    tally = statement_of(close_week(shop=market.shop, now=utc_now()), host=market.host)
    Gift.objects.update(media_time_ms=61_900)
    client = Client()
    client.force_login(zhuoma)

    page = client.get(reverse("sellerdesk:statement", args=[tally.pk])).content.decode()
    paper = client.get(reverse("sellerdesk:tally_pdf", args=[tally.pk])).content
    data = client.get(f"/api/v1/payout-statements/{tally.pk}/").json()

    assert (
        "格桑花 × 3" in page
        and "¥29.97" in page
        and "−¥8.99" in page
        and f"/live/{given.session_id}/?t=61" in page
    )
    text = "".join(sheet.get_textpage().get_text_range() for sheet in pypdfium2.PdfDocument(paper))
    assert "29.97" in text and "8.99" in text and "20.98" in text and "格桑花" in text
    assert (data["gift_fen"], data["platform_fee_fen"], data["net_fen"]) == (2997, 899, 2098)
    (line,) = client.get(f"/api/v1/payout-statements/{tally.pk}/lines/").json()["results"]
    said = ("kind", "title", "quantity", "live_session", "replay_second", "gross_fen", "amount_fen")
    assert [line[name] for name in said] == ["gift", "格桑花", 3, given.session_id, 61, 2997, 2098]


def test_the_sum_of_gifts_is_frozen_and_sealed(market, now, given):
    tally = statement_of(close_week(shop=market.shop, now=utc_now()), host=market.host)

    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutStatement.objects.filter(pk=tally.pk).update(gift_fen=3997, platform_fee_fen=1899)

    tally.gift_fen, tally.platform_fee_fen = 3997, 1899
    assert not is_unaltered(tally)


def test_a_gift_belongs_to_the_shop_of_its_show(market, arun, now, given, providers):
    other = make_shop(owner=make_person(name="次仁"), village=market.village)
    elsewhere = make_pin(host=market.host, shop=other, variant=market.variant)[0].session
    theirs, _payment = give(
        providers=providers, giver=arun, session=elsewhere, kind=make_gift_kind(name="哈达")
    )

    periods = [close_week(shop=shop, now=utc_now()) for shop in (market.shop, other)]

    tallies = [statement_of(period, host=market.host) for period in periods]
    assert [tally.gift_fen for tally in tallies] == [2997, theirs.amount_fen]
    assert StatementLine.objects.count() == 2
