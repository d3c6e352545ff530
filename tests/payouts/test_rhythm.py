"""Weeks and months, refunds in their column, what a close reads, and who is told when it is late."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from common.errors import MoveRefused
from ledger.services.posting import Posting, post
from orders.services.judging import approve_case
from payouts.errors import StatementMismatchError
from payouts.models import PayoutStatement, SettlementPeriod, SettlementRhythm, StatementLine
from payouts.selectors.claims import claimable
from payouts.selectors.periods import overdue_periods
from payouts.selectors.seals import is_unaltered
from payouts.services import closing
from payouts.services.closing import close_due_periods, close_period
from payouts.services.opening import open_period_for, period_bounds
from tests.factories.cases import ask
from tests.factories.payouts import close_week, make_completed, statement_of
from tests.factories.shops import authorize_shop, make_farmer, make_product, make_shop

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("at", "first", "following"),
    [
        # 31 January 23:30 in the village, and half an hour later; a leap year; the turn of the year.
        (datetime(2027, 1, 31, 15, 30, tzinfo=UTC), (2026, 12, 31), (2027, 1, 31)),
        (datetime(2027, 1, 31, 16, 0, tzinfo=UTC), (2027, 1, 31), (2027, 2, 28)),
        (datetime(2028, 2, 29, 12, 0, tzinfo=UTC), (2028, 1, 31), (2028, 2, 29)),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), (2026, 12, 31), (2027, 1, 31)),
    ],
)
def test_months_begin_at_midnight_of_the_first_in_the_village(at, first, following):
    assert period_bounds(at, "month") == (
        datetime(*first, 16, tzinfo=UTC), datetime(*following, 16, tzinfo=UTC),
    )  # fmt: skip


def test_a_shop_that_changes_to_months_keeps_its_week_and_goes_on_to_the_end_of_a_month(market):
    # A Wednesday; the week ends on Monday the 23rd.
    now = datetime(2026, 11, 18, 4, tzinfo=UTC)
    week = open_period_for(shop=market.shop, now=now)
    SettlementRhythm.objects.create(shop=market.shop, length="month")

    closed = close_period(period=week, now=week.ends_at)

    following = SettlementPeriod.objects.get(shop=market.shop, status="open")
    assert closed.ends_at == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert (following.starts_at, following.ends_at) == (
        closed.ends_at, datetime(2026, 11, 30, 16, tzinfo=UTC),
    )  # fmt: skip


def test_what_a_case_took_back_has_a_column_of_its_own_in_the_next_period(market, arun, mei, now):
    order = make_completed(buyer=arun, seller=mei, variant=market.variant, now=now, quantity=2)
    first = close_week(shop=market.shop, now=now)
    case = ask(order, arun, now=now)
    approve_case(actor=mei, case_id=case.pk, idempotency_key="6f0d2f4e-2b4f-4f0c-9d35-1d0ad7b8a001", now=now)

    second = close_week(shop=market.shop, now=first.ends_at)

    before, after = (statement_of(period, farmer=market.farmer) for period in (first, second))
    assert (before.gross_fen, before.refund_fen, before.net_fen) == (13600, 0, 13192)
    taken = -sum(after.lines.filter(kind="refund").values_list("amount_fen", flat=True))
    assert taken > 0
    assert (after.gross_fen, after.refund_fen, after.correction_fen) == (0, -taken, 0)
    assert after.net_fen == -taken


def test_an_adjustment_that_names_the_shop_lands_in_its_period(market, now):
    post(
        kind="adjustment", key="adjustment:1", source="adjustment:1", now=now,
        postings=[
            Posting("platform_fee", 500, "adjustment:1"),
            Posting("farmer_payable", -500, f"shop:{market.shop.pk}", "farmer", market.farmer.pk),
        ],
    )  # fmt: skip

    period = close_week(shop=market.shop, now=now)

    statement = period.statements.get()
    assert (statement.farmer, statement.correction_fen, statement.net_fen) == (market.farmer, 500, 500)
    line = statement.lines.get()
    assert (line.kind, line.order_line, line.order_number) == ("correction", None, "")


def test_a_close_does_not_read_again_what_the_last_one_saw(market, arun, mei, now):
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    first = close_week(shop=market.shop, now=now)

    first.refresh_from_db()
    following = SettlementPeriod.objects.get(shop=market.shop, status="open")
    statement, values = claimable(period=following)

    assert first.seen_before is not None
    assert (values["since"], values["seen_before"]) == (first.ends_at, str(first.seen_before))
    assert "t.made_in >= %(seen_before)s" in statement
    # Restored into a server whose count of transactions is behind: the whole book is read once.
    SettlementPeriod.objects.filter(pk=first.pk).update(seen_before=2**40)
    statement, values = claimable(period=following)
    assert "made_in" not in statement and "since" not in values


def test_a_period_waits_for_the_one_before_it(market, arun, mei, now):
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    first = open_period_for(shop=market.shop, now=now)
    SettlementPeriod.objects.filter(pk=first.pk).update(status="closing")
    second = open_period_for(shop=market.shop, now=first.ends_at)

    with pytest.raises(MoveRefused):
        close_period(period=second, now=second.ends_at)

    assert SettlementPeriod.objects.get(pk=second.pk).status == "open"
    assert close_due_periods(now=second.ends_at) == [first.pk, second.pk]


def test_one_payee_whose_book_is_not_what_the_sale_froze_stops_nobody_else(market, arun, mei, now):
    farmer = make_farmer(village=market.village, name="格桑")
    authorize_shop(farmer=farmer, shop=market.shop)
    product = make_product(shop=market.shop, farmer=farmer, price_fen=1000)
    wrong = make_completed(buyer=arun, seller=mei, variant=product.variants.get(), now=now).lines.get()
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    wrong.commissions.filter(kind="platform").update(amount_fen=1)
    period = open_period_for(shop=market.shop, now=now)

    with pytest.raises(StatementMismatchError):
        close_period(period=period, now=period.ends_at)

    period.refresh_from_db()
    assert period.status == "closing"
    assert not PayoutStatement.objects.filter(farmer=farmer).exists()
    assert statement_of(period, farmer=market.farmer).net_fen == 6596
    wrong.commissions.filter(kind="platform").update(amount_fen=30)
    assert close_due_periods(now=period.ends_at) == [period.pk]
    assert statement_of(period, farmer=farmer).net_fen == 970


def test_a_close_that_is_overdue_raises_an_alarm(market, mei, operator, now, client, caplog, monkeypatch):
    period = open_period_for(shop=market.shop, now=now - timedelta(days=8))
    SettlementPeriod.objects.filter(pk=period.pk).update(status="closing")
    other = open_period_for(shop=make_shop(owner=mei), now=now)
    late = period.ends_at + timedelta(hours=2)

    assert list(overdue_periods(now=late)) == [period]
    assert list(overdue_periods(now=late - timedelta(seconds=1))) == []
    client.force_login(operator)
    alarms = [task for task in client.get("/admin/").context["tasks"] if task["is_alarm"]]
    assert [(task["count"], task["url"].split("?")[1]) for task in alarms] == [(1, "overdue=yes")]
    page = client.get("/admin/payouts/settlementperiod/?overdue=yes")
    assert [found.pk for found in page.context["cl"].result_list] == [period.pk]

    def refuse(**arguments):
        raise StatementMismatchError("broken")

    monkeypatch.setattr(closing, "close_period", refuse)
    with caplog.at_level(logging.ERROR):
        assert close_due_periods(now=late) == []
    assert f"settlement period {period.pk} is overdue" in caplog.text
    assert f"settlement period {other.pk} is overdue" not in caplog.text


def test_the_database_refuses_to_change_a_tally_and_its_lines(market, arun, mei, now):
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    statement = statement_of(close_week(shop=market.shop, now=now), farmer=market.farmer)
    line = statement.lines.get()
    attempts = [
        lambda: PayoutStatement.objects.filter(pk=statement.pk).update(payee_name="别人"),
        lambda: PayoutStatement.objects.filter(pk=statement.pk).update(seal="0" * 64),
        lambda: StatementLine.objects.filter(pk=line.pk).update(order_number="1"),
        lambda: StatementLine.objects.filter(pk=line.pk)._raw_delete("default"),
        lambda: PayoutStatement.objects.filter(pk=statement.pk)._raw_delete("default"),
        lambda: StatementLine.objects.create(
            statement_id=0, entry_id=0, kind="sale", amount_fen=1, posted_at=now
        ),
    ]

    for attempt in attempts:
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()

    assert is_unaltered(PayoutStatement.objects.get(pk=statement.pk))
