from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest
from django.db import IntegrityError, transaction

from common.errors import Invalid, MoveRefused, NotAllowed
from common.models import AuditEntry, OutboxMessage
from ledger.models import LedgerEntry, LedgerTransaction
from ledger.selectors import trial_balance
from ledger.services.posting import Posting, post, reverse
from notifications.models import Notification
from payouts.models import Payout, PayoutStatement, SettlementPeriod, StatementLine
from payouts.selectors.claims import claimable_payees
from payouts.services.closing import begin_early_close, close_due_periods, close_period
from payouts.services.opening import open_period_for, period_bounds
from tests.factories.orders import make_shipped, place_one
from tests.factories.payouts import close_week, make_completed, make_live_sale, statement_of
from tests.factories.shops import make_product, make_shop

pytestmark = pytest.mark.django_db


def test_week_begins_on_monday_at_midnight_in_the_village():
    # Sunday 23:30 in Shanghai, and one hour later.
    sunday = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)

    assert period_bounds(sunday) == (
        datetime(2026, 11, 15, 16, tzinfo=UTC), datetime(2026, 11, 22, 16, tzinfo=UTC),
    )  # fmt: skip
    assert period_bounds(sunday + timedelta(hours=1))[0] == datetime(2026, 11, 22, 16, tzinfo=UTC)


def test_statement_of_the_farmer_equals_the_sale_less_the_frozen_shares(market, arun, mei, now):
    order = make_live_sale(market=market, buyer=arun, seller=mei, now=now, quantity=3)

    period = close_week(shop=market.shop, now=now)

    assert period.status == "closed"
    farmer = statement_of(period, farmer=market.farmer)
    assert (farmer.gross_fen, farmer.commission_fen, farmer.platform_fee_fen) == (20400, 1020, 612)
    assert (farmer.freight_fen, farmer.correction_fen, farmer.carried_fen) == (0, 0, 0)
    assert farmer.net_fen == 18768
    line = farmer.lines.get()
    sold = order.lines.get()
    assert (line.kind, line.order_number, line.order_line_id) == ("sale", order.number, sold.pk)
    assert (line.gross_fen, line.commission_fen, line.platform_fee_fen) == (20400, 1020, 612)
    assert line.amount_fen == 18768 == -line.entry.amount_fen
    host = statement_of(period, host=market.host)
    assert (host.gross_fen, host.commission_fen, host.net_fen) == (1020, 0, 1020)
    assert host.lines.get().kind == "host_commission"
    shop = statement_of(period, payee_shop=market.shop)
    assert (shop.gross_fen, shop.freight_fen, shop.net_fen) == (0, 800, 800)
    assert set(Payout.objects.values_list("statement_id", "amount_fen", "status", "method")) == {
        (farmer.pk, 18768, "pending", "cash"), (host.pk, 1020, "pending", "cash"),
        (shop.pk, 800, "pending", "cash"),
    }  # fmt: skip
    assert trial_balance().is_right


def test_goods_without_a_farmer_pay_their_shop_on_one_statement_with_freight(market, arun, mei, now):
    product = make_product(shop=market.shop, title="合作社礼盒", price_fen=10000)
    make_completed(buyer=arun, seller=mei, variant=product.variants.get(), now=now)

    period = close_week(shop=market.shop, now=now)

    statement = period.statements.get()
    assert statement.payee_shop == market.shop
    assert (statement.gross_fen, statement.platform_fee_fen, statement.freight_fen) == (10000, 300, 800)
    assert statement.net_fen == 10500
    assert sorted(statement.lines.values_list("kind", "amount_fen")) == [("freight", 800), ("sale", 9700)]


def test_only_completed_orders_of_this_shop_are_claimed(market, arun, mei, now):
    other = make_shop(owner=mei)
    other_product = make_product(shop=other, price_fen=500)
    make_completed(buyer=arun, seller=mei, variant=other_product.variants.get(), now=now)
    make_shipped(buyer=arun, seller=mei, variant=market.variant, now=now)

    period = close_week(shop=market.shop, now=now)

    assert period.status == "closed"
    assert not period.statements.exists()
    assert StatementLine.objects.count() == 0


def test_what_is_posted_at_the_cut_off_belongs_to_the_next_period(market, arun, mei, now):
    period = open_period_for(shop=market.shop, now=now)
    first = make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    late = make_completed(buyer=arun, seller=mei, variant=market.variant, now=period.ends_at)

    closed = close_period(period=period, now=period.ends_at)
    following = open_period_for(shop=market.shop, now=period.ends_at)
    after = close_period(period=following, now=following.ends_at)

    assert following.starts_at == closed.ends_at
    assert statement_of(closed, farmer=market.farmer).lines.get().order_number == first.number
    assert statement_of(after, farmer=market.farmer).lines.get().order_number == late.number


def test_closed_stays_closed_and_late_entries_land_in_the_next(market, arun, mei, now):
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    closed = close_week(shop=market.shop, now=now)
    before = list(PayoutStatement.objects.values_list("pk", "net_fen"))
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)

    close_period(period=closed, now=now + timedelta(days=8))

    assert list(PayoutStatement.objects.values_list("pk", "net_fen")) == before
    following = SettlementPeriod.objects.get(shop=market.shop, status="open")
    after = close_period(period=following, now=following.ends_at)
    assert statement_of(after, farmer=market.farmer).net_fen == 6596
    assert claimable_payees(shop_id=market.shop.pk, before=following.ends_at) == []


def test_period_does_not_close_before_its_end(market, now):
    period = open_period_for(shop=market.shop, now=now)

    with pytest.raises(MoveRefused):
        close_period(period=period, now=period.ends_at - timedelta(seconds=1))

    period.refresh_from_db()
    assert period.status == "open"


def test_correction_after_the_closing_is_taken_from_the_next_statement(market, arun, mei, now):
    order = make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    first = close_week(shop=market.shop, now=now)
    posted = LedgerTransaction.objects.get(key=f"completion:{order.pk}")
    later = first.ends_at + timedelta(days=1)
    reverse(transaction_id=posted.pk, memo="returned", now=later)
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=later, quantity=2)

    second = close_week(shop=market.shop, now=later)

    statement = statement_of(second, farmer=market.farmer)
    assert (statement.gross_fen, statement.correction_fen, statement.carried_fen) == (13600, -6596, 0)
    assert statement.net_fen == 13600 - 408 - 6596
    assert sorted(statement.lines.values_list("kind", "amount_fen")) == [
        ("correction", -6596),
        ("sale", 13192),
    ]
    assert first.statements.get(farmer=market.farmer).net_fen == 6596


def test_debt_is_carried_until_it_is_paid_off(market, arun, mei, now):
    order = make_completed(buyer=arun, seller=mei, variant=market.variant, now=now, quantity=2)
    first = close_week(shop=market.shop, now=now)
    reverse(
        transaction_id=LedgerTransaction.objects.get(key=f"completion:{order.pk}").pk,
        memo="returned", now=first.ends_at,
    )  # fmt: skip
    second = close_week(shop=market.shop, now=first.ends_at)
    empty = close_week(shop=market.shop, now=second.ends_at)
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=empty.ends_at, quantity=1)
    third = close_week(shop=market.shop, now=empty.ends_at)
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=third.ends_at, quantity=2)
    fourth = close_week(shop=market.shop, now=third.ends_at)

    owed = statement_of(second, farmer=market.farmer)
    assert (owed.correction_fen, owed.net_fen) == (-13192, -13192)
    assert not Payout.objects.filter(statement=owed).exists()
    assert not empty.statements.exists()
    lesser = statement_of(third, farmer=market.farmer)
    assert (lesser.carried_fen, lesser.carried_from_id, lesser.net_fen) == (-13192, owed.pk, -6596)
    paid = statement_of(fourth, farmer=market.farmer)
    assert (paid.carried_fen, paid.carried_from_id, paid.net_fen) == (-6596, lesser.pk, 6596)
    assert paid.payout.amount_fen == 6596


def test_every_payable_entry_is_claimed_once(market, arun, mei, now):
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    close_week(shop=market.shop, now=now)
    line = StatementLine.objects.first()

    with pytest.raises(IntegrityError), transaction.atomic():
        StatementLine.objects.create(
            statement=line.statement, entry=line.entry, kind="sale", amount_fen=1, posted_at=now
        )

    payable = LedgerEntry.objects.filter(account__purpose__endswith="payable")
    assert payable.count() == StatementLine.objects.count() == 3


def test_farmer_without_an_account_is_told_sum_and_code_and_nobody_elses_name(
    market, arun, mei, now, drain_outbox
):
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)

    period = close_week(shop=market.shop, now=now)
    drain_outbox()

    statement = statement_of(period, farmer=market.farmer)
    told = Notification.objects.get(dedupe_key=f"statement:{statement.pk}")
    text = told.title + told.body
    assert told.contact == market.farmer.contact
    assert "62.56" in text and statement.code in text
    assert not any(name in text for name in ("卓玛", "梅姐", "阿润", "云岭合作社"))
    assert told.url == ""
    assert set(told.deliveries.values_list("channel", flat=True)) == {"inbox", "sms"}


def test_due_periods_are_closed_and_open_shops_always_have_an_open_one(market, arun, mei, now):
    other = make_shop(owner=mei)
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)

    assert close_due_periods(now=now) == []
    period = SettlementPeriod.objects.get(shop=market.shop)
    assert (period.starts_at, period.ends_at) == period_bounds(now)
    assert SettlementPeriod.objects.get(shop=other).status == "open"

    closed = close_due_periods(now=period.ends_at + timedelta(days=20))

    assert set(closed) == {period.pk, SettlementPeriod.objects.get(shop=other, status="closed").pk}
    following = SettlementPeriod.objects.get(shop=market.shop, status="open")
    assert following.starts_at == period.ends_at
    assert following.ends_at == period_bounds(period.ends_at + timedelta(days=20))[1]
    assert close_due_periods(now=period.ends_at + timedelta(days=20)) == []


def test_operator_ends_a_period_early_and_a_worker_closes_it(market, arun, mei, operator, now, drain_outbox):
    order = make_completed(buyer=arun, seller=mei, variant=market.variant, now=now - timedelta(minutes=1))
    period = open_period_for(shop=market.shop, now=now)
    OutboxMessage.objects.update(done_at=now)

    begin_early_close(actor=operator, period_id=period.pk, now=now, reason="market day is over")
    drain_outbox()

    period.refresh_from_db()
    assert (period.status, period.ends_at) == ("closed", now)
    assert statement_of(period, farmer=market.farmer).lines.get().order_number == order.number
    audit = AuditEntry.objects.get(action="payouts.close_early")
    assert (audit.actor, audit.reason) == (f"user:{operator.pk}", "market day is over")
    following = SettlementPeriod.objects.get(shop=market.shop, status="open")
    assert (following.starts_at, following.ends_at) == (now, period_bounds(now)[1])


def test_early_close_is_refused_to_others_without_reason_and_twice(market, mei, operator, now):
    period = open_period_for(shop=market.shop, now=now - timedelta(minutes=5))

    with pytest.raises(NotAllowed):
        begin_early_close(actor=mei, period_id=period.pk, now=now, reason="please")
    with pytest.raises(Invalid):
        begin_early_close(actor=operator, period_id=period.pk, now=now, reason="  ")
    period.refresh_from_db()
    assert period.status == "open"
    assert not AuditEntry.objects.filter(action="payouts.close_early").exists()
    begin_early_close(actor=operator, period_id=period.pk, now=now, reason="x")
    with pytest.raises(MoveRefused):
        begin_early_close(actor=operator, period_id=period.pk, now=now, reason="x")


def test_a_correction_of_an_order_that_is_not_paid_is_on_the_next_tally(market, arun, operator, now, client):
    """Nobody paid for it afterwards either: what two operators gave the farmer must not vanish."""
    order = place_one(buyer=arun, variant=market.variant)
    post(
        kind="adjustment", key="adjustment:1", source="ledger_adjustment:1", now=now, memo="白跑一趟的补贴",
        postings=[
            Posting("platform_fee", 500, f"order:{order.pk}"),
            Posting("farmer_payable", -500, f"order:{order.pk}", "farmer", market.farmer.pk),
        ],
    )  # fmt: skip

    statement = statement_of(close_week(shop=market.shop, now=now), farmer=market.farmer)

    line = statement.lines.get()
    assert (line.kind, line.order_number, line.amount_fen) == ("correction", order.number, 500)
    assert statement.net_fen == statement.payout.amount_fen == 500
    # Whoever reads the tally reads why: on the page, on paper and over the API.
    client.force_login(operator)
    assert "白跑一趟的补贴" in client.get(f"/desk/statements/{statement.pk}/").content.decode()
    paper = client.get(f"/desk/statements/{statement.pk}/pdf/?lang=zh-hans").content
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(paper))
    assert "白跑一趟的补贴" in text
    client.force_login(market.shop.memberships.get().user)
    (said,) = client.get(f"/api/v1/payout-statements/{statement.pk}/lines/").json()["results"]
    assert (said["kind"], said["note"]) == ("correction", "白跑一趟的补贴")
