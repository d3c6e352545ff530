import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from accounts.models import SignInCode
from common.clock import utc_now
from common.idempotency import run_once
from common.models import OutboxMessage
from ledger.models import (
    LedgerAccount,
    LedgerAdjustment,
    LedgerAdjustmentLine,
    LedgerSeal,
    LedgerSealer,
    LedgerSnapshot,
    LedgerTransaction,
    ReconciliationFinding,
    ReconciliationRun,
)
from livestreams.models import (
    BlockedWord,
    Chapter,
    Clip,
    FlashDeal,
    Gift,
    Interruption,
    MediaKey,
    ModerationAction,
    QuickReply,
    Reminder,
    Replay,
    SessionModerator,
    SessionSeries,
    ViewerSample,
)
from notifications.models import NotificationDelivery
from orders.models import (
    CarrierReport,
    Conversation,
    Invoice,
    MessageReport,
    ParcelCorrection,
    PrivateMessage,
    RefundRequest,
    Review,
    ReviewPhoto,
    Shipment,
    TrackingEvent,
    Weighing,
)
from orders.services.judging import approve_case
from orders.services.judging_reviews import report_review
from orders.services.offering_less import OfferedLine, offer_less, take_back_offer
from payments.models import (
    CashHandover,
    HandRefund,
    Payment,
    PaymentCallback,
    ProviderBill,
    ProviderBillLine,
    Refund,
    UnmatchedMoney,
)
from payouts.models import PayoutRun, PayoutTransfer, SettlementRhythm, StatementQuestion
from payouts.services.keeping_accounts import AccountFacts, write_account
from shops.models import DealStock
from tests.factories.cases import ask
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.freight import make_freight, zone
from tests.factories.gifts import make_gift_kind
from tests.factories.lots import bring, make_pool
from tests.factories.orders import make_payment, make_shipped
from tests.factories.shops import make_person, make_photo
from tests.house.conftest import world

__all__ = ["world"]


@pytest.fixture
def full(world, zhuoma):
    """One row at least of every model that is in the admin."""
    now = utc_now()
    order = world.paid_order
    payment = make_payment(group=order.group, status="succeeded")
    request = RefundRequest.objects.create(
        order=order, amount_fen=order.total_fen, reason="paid_twice", requested_by="system", created_at=now
    )
    refund = Refund.objects.create(
        payment=payment, request=request, reference="R1", amount_fen=order.total_fen, reason="paid_twice",
        created_at=now,
    )  # fmt: skip
    callback = PaymentCallback.objects.create(
        gateway="sandbox", event_id="e1", payment=payment, body=b'{"event": "<b>paid</b>"}', received_at=now,
        outcome="quarantined",
    )  # fmt: skip
    replay = Replay.objects.create(session=world.session, created_at=now)
    chapter = Chapter.objects.create(replay=replay, pin_event=world.pin, title="barley", starts_ms=61000)
    Clip.objects.create(
        replay=replay, chapter=chapter, title="barley", starts_ms=61000, ends_ms=91000, created_at=now
    )
    live_show(world, zhuoma, now)
    the_book(world, now)
    talk = Conversation.objects.create(
        buyer=world.people["buyer"], shop=world.market.shop, created_at=now, last_message_at=now
    )
    said = PrivateMessage.objects.create(
        conversation=talk, side="buyer", author=talk.buyer, text="<b>在吗</b>", created_at=now
    )
    ParcelCorrection.objects.create(
        shipment=Shipment.objects.first(), carrier="sf", tracking_number="<b>SF1</b>", corrected_at=now,
        corrected_by=world.people["clerk"],
    )  # fmt: skip
    MessageReport.objects.create(message=said, reporter=world.people["clerk"], reason="<b>", created_at=now)
    parcel = Shipment.objects.first()
    TrackingEvent.objects.create(
        shipment=parcel, state="moving", words="<b>成都</b>", happened_at=now, told_at=now
    )
    CarrierReport.objects.create(
        tracker="kuaidi100",
        digest="d" * 64,
        body=b"<b>",
        shipment=parcel,
        outcome="processed",
        received_at=now,
    )
    make_coupon(
        user=world.people["stranger"],
        campaign=make_campaign(shop=world.market.shop, by=world.people["clerk"]),
    )
    ModerationAction.objects.create(
        session=world.session, kind="mute", moderator=zhuoma, person=world.people["stranger"], created_at=now
    )
    make_freight(shop=world.market.shop, zones=[zone(), zone("650000", is_deliverable=False)])
    run_once(actor="user:1", operation="test", key=uuid.uuid4(), body={}, now=now, run=lambda: {"group": 1})
    SignInCode.objects.create(
        phone="13812345678", salt="s", code_hash="h" * 64, created_at=now, expires_at=now
    )
    arun, mei = world.people["buyer"], world.people["clerk"]
    shipped = make_shipped(buyer=arun, seller=mei, variant=world.market.variant, now=now - timedelta(days=30))
    case = ask(shipped, arun, photo_ids=[make_photo(user=arun, is_private=True).pk])
    offer_less(
        actor=mei, case_id=case.pk, lines=[OfferedLine(case.lines.get().order_line_id, 1, 100)],
        text="<b>少退</b>", idempotency_key=uuid.uuid4(), now=now,
    )  # fmt: skip
    take_back_offer(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)
    approve_case(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)
    said = Review.objects.create(
        line=shipped.lines.get(), buyer=arun, product=world.market.product, shop=world.market.shop, score=5,
        text="<b>香</b>", created_at=now,
    )  # fmt: skip
    ReviewPhoto.objects.create(review=said, photo=make_photo(user=arun), position=0)
    Invoice.objects.create(
        order=order, shop=order.shop, kind="personal", title="<b>阿润</b>", requested_at=now, status="issued",
        amount_fen=100, number="12345678", issued_on=now.date(), issued_at=now, issued_by=mei,
        document_path="private/x", document_sha256="d" * 64,
    )  # fmt: skip
    report_review(reporter=world.people["stranger"], review_id=said.pk, fault="false", words="<b>", now=now)
    SettlementRhythm.objects.create(shop=world.market.shop, length="month")
    StatementQuestion.objects.create(
        statement=world.farmer_statement, asked_by=world.people["farmer"], text="少了一箱", asked_at=now
    )
    CashHandover.objects.create(
        shop=world.market.shop,
        amount_fen=100,
        method="bank",
        reference="<b>7</b>",
        noted_by=mei,
        noted_at=now,
    )
    HandRefund.objects.create(
        refund=refund, giver="market", method="cash", reference="<b>8</b>", noted_by=mei, noted_at=now
    )
    UnmatchedMoney.objects.create(
        payment=refund.payment, reference="P1", provider_reference="<b>9</b>", amount_fen=1, problem="<b>",
        found_at=now,
    )  # fmt: skip
    bill = ProviderBill.objects.create(
        gateway="wechatpay", kind="trade", bill_on=now.date(), digest="d" * 64, line_count=1, paid_fen=7600,
        refunded_fen=0, fee_fen=46, imported_at=now, reason="<b>",
    )  # fmt: skip
    ProviderBillLine.objects.create(
        bill=bill, position=1, kind="payment", happened_at=now, reference="P1", provider_reference="42",
        amount_fen=7600, fee_fen=46, match="matched", payment=payment,
    )  # fmt: skip
    write_account(
        actor=world.people["staff"],
        payee=world.farmer,
        facts=AccountFacts("bank", "白玛", "6222021234567890128", "<b>农行</b>"),
        reason="<b>form</b>",
        now=now,
    )
    before = now - timedelta(days=30)
    pool = make_pool(shop=world.market.shop, actor=mei, now=before)
    bring(actor=mei, variant=pool, farmer=world.market.farmer, quantity=9, now=before)
    pooled = make_shipped(buyer=arun, seller=mei, variant=pool, quantity=2, now=before)
    approve_case(actor=mei, case_id=ask(pooled, arun).pk, idempotency_key=uuid.uuid4(), now=now)
    Weighing.objects.create(
        order_line=pooled.lines.get(), ordered_g=1000, weighed_g=1100, weighed_by=mei, weighed_at=now
    )
    a_run(world, now)
    Group.objects.create(name="settlement")
    LogEntry.objects.create(
        user=world.people["staff"], content_type=ContentType.objects.get_for_model(type(order)),
        object_id=str(order.pk), object_repr="x", action_flag=2, change_message="", action_time=now,
    )  # fmt: skip
    message = OutboxMessage.objects.create(
        task="orders.after_paid", created_at=now, due_at=now, attempts=5, quarantined_at=now,
        last_error="boom", kwargs={"order_id": order.pk},
    )  # fmt: skip
    delivery = NotificationDelivery.objects.create(
        notification=world.notification, channel="sms", status="failed", attempts=5, created_at=now
    )
    return SimpleNamespace(
        world=world, payment=payment, request=request, refund=refund, callback=callback, message=message,
        delivery=delivery,
    )  # fmt: skip


def the_book(world, now) -> None:
    """Add what guards and corrects the book, and what comparisons found."""
    posted = LedgerTransaction.objects.order_by("pk").first()
    account = LedgerAccount.objects.filter(owner_kind="system").first()
    correction = LedgerAdjustment.objects.create(
        reverses=posted, reason="<b>wrong</b>", proposed_by=world.people["staff"], proposed_at=now
    )
    LedgerAdjustmentLine.objects.create(adjustment=correction, account=account, amount_fen=5)
    LedgerSeal.objects.create(pk=1, transaction=posted, digest="d" * 64, sealed_at=now)
    LedgerSealer.objects.create(pk=1)
    LedgerSnapshot.objects.create(account=account, upto_id=0, balance_fen=0, taken_at=now)
    run = ReconciliationRun.objects.create(started_at=now, open_findings=1, new_findings=1)
    ReconciliationFinding.objects.create(
        job="payments_orders", kind="paid_twice", subject=f"order:{world.paid_order.pk}", expected="1",
        found="<b>2</b>", run=run, first_seen_at=now, last_seen_at=now,
    )  # fmt: skip


def a_run(world, now) -> None:
    """Add a run that was called off; what it held waits again."""
    run = PayoutRun.objects.create(
        status="cancelled", note="<b>week</b>", made_by=world.people["staff"], made_at=now, ended_at=now
    )
    payout = world.farmer_statement.payout
    PayoutTransfer.objects.create(
        run=run, payout=payout, way="bank", amount_fen=payout.amount_fen, status="left_out",
        problem="not_checked", reference="P20261127", last_error="<b>no</b>", settled_at=now,
    )  # fmt: skip


def live_show(world, zhuoma, now) -> None:
    """Add what a show has besides its rundown."""
    stranger = world.people["stranger"]
    SessionSeries.objects.create(frequency="weekly", count=4, created_by=zhuoma, created_at=now)
    Reminder.objects.create(session=world.scheduled, user=stranger, created_at=now)
    SessionModerator.objects.create(
        session=world.scheduled, user=stranger, appointed_by=zhuoma, created_at=now
    )
    Interruption.objects.create(session=world.session, began_at=now, ended_at=now)
    ViewerSample.objects.create(session=world.session, minute_at=now, viewers=12, likes=3)
    MediaKey.objects.create(session=world.session, digest="d" * 64, hint="wxyz", created_at=now)
    BlockedWord.objects.create(text="假货", folded="假货", created_at=now)
    QuickReply.objects.create(host=world.market.host, text="今天发货")
    variant = world.market.variant
    kind = make_gift_kind(name="<b>花</b>")
    gift = Gift.objects.create(
        session=world.session, host=world.session.host, giver=stranger, kind=kind, name=kind.name, quantity=1,
        amount_fen=999, platform_fen=299, status="paid", paid_at=now, created_at=now, expires_at=now,
    )  # fmt: skip
    Payment.objects.create(
        purpose="gift", gift=gift, gateway="sandbox", status="succeeded", amount_fen=999, reference="PG1",
        created_at=now, expires_at=now, succeeded_at=now,
    )  # fmt: skip
    stock = DealStock.objects.create(variant=variant, quantity=5, is_open=False)
    FlashDeal.objects.create(
        session=world.session, rundown_item=world.item, stock=stock, status="ended", price_fen=5000,
        quantity=5, seconds=60, created_at=now,
    )  # fmt: skip


@pytest.fixture
def clerk_of_house(db):
    """Make an operator with only the permissions that are named ("view_payout")."""

    def make(*codenames: str):
        person = make_person(name="助理", is_staff=True)
        person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return person

    return make
