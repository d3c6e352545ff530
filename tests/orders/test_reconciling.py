"""Reconciliation finds each discrepancy that it is for, by injecting it (rules.md 15); it repairs nothing."""

from datetime import timedelta

import pytest
from django.db.models import F

from common.clock import database_now, utc_now
from common.models import AuditEntry
from livestreams.models import FlashDeal
from orders.models import OrderLine
from orders.services.paying import mark_group_paid
from orders.services.reconciling import Discrepancy, find_stock_discrepancies, report_stock
from shops.models import DealStock, StockMovement, StockReservation, VariantStock
from tests.factories.livestreams import add_to_rundown, make_deal, make_session
from tests.factories.orders import place_one
from tests.orders.test_deals import buy

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(market, arun, zoya, valkey):
    """A deal of ten with two held and three sold, beside ordinary sales."""
    item = add_to_rundown(session=make_session(host=market.host, shop=market.shop), variant=market.variant)
    deal = make_deal(item=item, quantity=10)
    buy(arun, deal, 2)
    assert mark_group_paid(group_id=buy(zoya, deal, 3).pk, now=utc_now())
    place_one(buyer=arun, variant=market.variant, quantity=4)
    return deal


def test_a_market_that_agrees_with_itself_has_nothing_to_report(deal):
    assert find_stock_discrepancies() == []
    assert report_stock(now=utc_now()) == 0
    assert not AuditEntry.objects.filter(action="orders.stock_discrepancy").exists()


def _more_available(deal):
    VariantStock.objects.filter(pk=deal.stock.variant_id).update(available=F("available") + 1)


def _lost_movement(deal):
    StockMovement.objects.filter(kind="sale").update(quantity=-2)


def _more_held(deal):
    VariantStock.objects.filter(pk=deal.stock.variant_id).update(
        reserved=F("reserved") + 1, available=F("available") - 1
    )


def _less_in_deals(deal):
    VariantStock.objects.filter(pk=deal.stock.variant_id).update(
        in_deals=F("in_deals") - 1, available=F("available") + 1
    )


def _more_held_of_the_deal(deal):
    DealStock.objects.filter(pk=deal.stock_id).update(
        reserved=F("reserved") + 1, available=F("available") - 1
    )


def _forgotten_sale(deal):
    DealStock.objects.filter(pk=deal.stock_id).update(sold=F("sold") - 1)


def _closed_stock(deal):
    DealStock.objects.filter(pk=deal.stock_id).update(is_open=False, available=0)
    VariantStock.objects.filter(pk=deal.stock.variant_id).update(
        in_deals=F("in_deals") - 5, available=F("available") + 5
    )


def _forgotten_stock(deal):
    FlashDeal.objects.filter(pk=deal.pk).update(status="ended")


def _other_size(deal):
    DealStock.objects.filter(pk=deal.stock_id).update(quantity=11)


def _sleeping_sweeper(deal):
    FlashDeal.objects.filter(pk=deal.pk).update(ends_at=database_now() - timedelta(minutes=2))


def _line_without_deal(deal):
    OrderLine.objects.filter(flash_deal=deal, quantity=2).update(flash_deal=None)


def _other_price(deal):
    OrderLine.objects.filter(flash_deal=deal, quantity=2).update(price_fen=4900, total_fen=9800)


def _reservation_elsewhere(deal):
    StockReservation.objects.filter(deal_stock=deal.stock, status="held").update(deal_stock=None)


@pytest.mark.parametrize(
    ("inject", "checks"),
    [
        (_more_available, {"variant_units"}),
        (_lost_movement, {"variant_units"}),
        (_more_held, {"variant_held"}),
        (_less_in_deals, {"variant_in_deals"}),
        (_more_held_of_the_deal, {"deal_held"}),
        (_forgotten_sale, {"deal_sold"}),
        (_closed_stock, {"deal_open"}),
        (_forgotten_stock, {"deal_open"}),
        (_other_size, {"deal_quantity"}),
        (_sleeping_sweeper, {"deal_overdue"}),
        (_line_without_deal, {"deal_line"}),
        (_other_price, {"deal_price"}),
        (_reservation_elsewhere, {"deal_held", "deal_line", "variant_held"}),
    ],
)
def test_what_is_injected_is_found_and_stays(deal, inject, checks):
    inject(deal)

    found = find_stock_discrepancies()

    assert {one.check for one in found} == checks
    assert report_stock(now=utc_now()) == len(found)
    assert find_stock_discrepancies() == found


def test_a_report_names_the_row_and_is_not_repeated_all_day(deal):
    _forgotten_sale(deal)
    now = utc_now()

    for at in (now, now + timedelta(hours=1)):
        report_stock(now=at)

    assert find_stock_discrepancies() == [
        Discrepancy(check="deal_sold", target=f"dealstock:{deal.stock_id}", counted=2, expected=3)
    ]
    entry = AuditEntry.objects.get(action="orders.stock_discrepancy")
    assert (entry.actor, entry.target) == ("system", f"dealstock:{deal.stock_id}")
    assert entry.after == {"check": "deal_sold", "counted": 2, "expected": 3}
    report_stock(now=now + timedelta(hours=25))
    assert AuditEntry.objects.filter(action="orders.stock_discrepancy").count() == 2
