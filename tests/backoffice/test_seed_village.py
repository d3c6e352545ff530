"""The demo village: true books, one effect, completed after a crash, never in production."""

import io
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import Sum

from accounts.models import User
from backoffice.demo.goods import DEMO_PRODUCTS
from backoffice.demo.people import DEMO_FARMERS, DEMO_PEOPLE
from backoffice.demo.steps import Calendar
from common.clock import utc_now
from common.models import OutboxMessage
from ledger.models import LedgerEntry
from ledger.selectors import trial_balance
from livestreams.models import Chapter, ChatMessage, LiveSession, Replay
from livestreams.statuses import ReplayStatus, SessionStatus
from notifications.models import Notification, NotificationDelivery
from notifications.statuses import DeliveryStatus
from orders.models import Order, OrderLine
from orders.services.cancelling import cancel_by_shop
from payments.models import Payment, Refund
from payouts.models import Payout, PayoutStatement, SettlementPeriod
from shops.models import Farmer, FarmerAuthorization, Host, Photo, Product, Shop, StockMovement, VariantStock
from shops.services import listing
from tests.factories.sandbox import Sandbox

SECOND_RUN_SECONDS = 1.0  # of this process: the machine may be busy with others


@pytest.fixture(autouse=True)
def var(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    settings.SANDBOX_KEYS_DIR = settings.VAR_DIR / "secrets"
    return settings.VAR_DIR


def seed() -> str:
    said = io.StringIO()
    call_command("seed_village", small=True, stdout=said)
    return said.getvalue()


def rows() -> dict[str, int]:
    return {
        model._meta.label: model._base_manager.count() for model in apps.get_models() if model._meta.managed
    }


def assert_books_are_true():
    assert trial_balance().is_right
    moved = dict(StockMovement.objects.order_by().values_list("variant").annotate(units=Sum("quantity")))
    assert {s.variant_id: s.available + s.reserved for s in VariantStock.objects.all()} == moved
    assert not OutboxMessage.objects.filter(done_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_village_is_whole_its_books_are_true_and_a_second_run_changes_nothing(var):
    said = seed()

    assert "the demo village is ready" in said
    assert Counter(User.objects.values_list("is_staff", flat=True)) == {False: 4, True: 2}
    assert Farmer.objects.filter(user=None).count() == len(DEMO_FARMERS) == 12
    assert FarmerAuthorization.objects.count() == 24
    assert (Shop.objects.open().count(), Host.objects.get().status) == (2, "active")
    assert Product.objects.published().count() == len(DEMO_PRODUCTS) == 24
    assert set(Photo.objects.values_list("status", flat=True)) == {"ready"}
    assert all((var.parent / "media" / "public" / p).is_file() for p in _all_sizes())
    assert User.objects.get(phone="13800000001").check_password("market-zhuoma")
    assert len(DEMO_PEOPLE) == 6

    past, coming = LiveSession.objects.order_by("scheduled_at")
    assert (past.status, coming.status) == (SessionStatus.ENDED, SessionStatus.SCHEDULED)
    assert coming.rundown.count() == 6
    assert coming.rundown.values("variant__product__farmer").distinct().count() == 6
    assert coming.scheduled_at > utc_now()
    replay = Replay.objects.get()
    assert replay.status == ReplayStatus.READY
    assert replay.duration_ms == pytest.approx(6000, abs=300)
    assert (var.parent / "media" / replay.playlist_path).read_text().endswith("#EXT-X-ENDLIST\n")
    assert list(Chapter.objects.values_list("starts_ms", flat=True)) == [1320, 3600, 4800]
    assert ChatMessage.objects.filter(session=past, author=None).count() == 4
    assert OrderLine.objects.filter(live_session=past).count() == 5

    states = Counter(Order.objects.values_list("status", flat=True))
    assert states == {
        "completed": 12, "shipped": 2, "paid": 2, "cancelled": 2, "pending_payment": 1,
    }  # fmt: skip
    assert Payment.objects.exclude(status="succeeded").count() == 0
    assert set(Refund.objects.values_list("status", flat=True)) == {"succeeded"}
    assert Counter(SettlementPeriod.objects.values_list("status", flat=True)) == {"closed": 2, "open": 2}
    assert PayoutStatement.objects.filter(host__isnull=False).get().net_fen > 0
    assert PayoutStatement.objects.filter(farmer__name="扎西").get().net_fen == 27232
    assert Payout.objects.get(status="paid").approved_by != Payout.objects.get(status="paid").paid_by
    assert LedgerEntry.objects.filter(statement_line=None, account__purpose="farmer_payable").exists()
    assert_books_are_true()
    assert Notification.objects.filter(contact__user=None, kind="goods_sold").exists()
    assert not NotificationDelivery.objects.filter(status=DeliveryStatus.FAILED).exists()

    before, started = rows(), time.process_time()
    assert "already" in seed()
    assert time.process_time() - started < SECOND_RUN_SECONDS
    assert rows() == before


def _all_sizes() -> list[str]:
    return [path for sizes in Photo.objects.values_list("sizes", flat=True) for path in sizes.values()]


@pytest.mark.django_db(transaction=True)
def test_killed_run_is_completed_by_the_next_and_its_payments_can_be_sent_back(
    var, settings, monkeypatch, drain_outbox
):
    calls = []
    publish = listing.publish_product

    def publish_until_killed(**arguments):
        calls.append(arguments)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return publish(**arguments)

    monkeypatch.setattr("backoffice.demo.stocking.publish_product", publish_until_killed)
    with pytest.raises(KeyboardInterrupt):
        seed()
    assert Product.objects.count() == 4

    seed()

    assert Product.objects.published().values("title").distinct().count() == Product.objects.count() == 24
    assert Order.objects.count() == 19
    assert_books_are_true()
    provider = Sandbox(var / "sandboxgateway")
    try:
        settings.SANDBOX_GATEWAY_URL = provider.url
        settings.SANDBOX_KEYS_DIR = provider.folder
        order = Order.objects.filter(status="paid").earliest("pk")
        cancel_by_shop(actor=User.objects.get(phone="13800000002"), number=order.number, now=utc_now())
        drain_outbox()
        refund = Refund.objects.get(request__order=order)
        assert (refund.status, refund.amount_fen) == ("succeeded", order.total_fen)
        assert trial_balance().is_right
    finally:
        provider.stop()


def test_production_is_refused(settings):
    settings.IS_PRODUCTION = True

    with pytest.raises(CommandError, match="not in production"):
        call_command("seed_village")


@pytest.mark.parametrize("half_days", range(14))
def test_story_fits_every_day_of_the_week(half_days):
    monday = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    calendar = Calendar(monday + timedelta(minutes=10, hours=12 * half_days))

    assert calendar.this_week == monday
    assert calendar.last_week == monday - timedelta(days=7)
    assert calendar.last_week < calendar.show_at - timedelta(hours=30)
    assert calendar.show_at + timedelta(hours=46) < calendar.this_week
    assert timedelta(days=3) < calendar.now - calendar.show_at < timedelta(days=10)
    assert timedelta(0) < calendar.next_show_at - calendar.now < timedelta(days=2)
