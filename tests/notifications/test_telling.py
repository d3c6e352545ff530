"""Was the person told? Exactly once in the inbox, at least once per channel (rules.md PR5)."""

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.services.contacts import contact_of
from accounts.services.signing_in import send_code, verify_code
from common import outbox
from common.errors import MoveRefused, NotAllowed
from common.models import AuditEntry, OutboxMessage
from notifications.channels.base import ChannelError, Receipt, UndeliverableError
from notifications.models import Notification, NotificationDelivery
from notifications.services.delivering import deliver
from notifications.services.resending import resend
from notifications.services.telling import in_language_of, tell
from notifications.statuses import DeliveryStatus
from realtime.services.publishing import stream_key
from tests.factories.accounts import make_contact, make_user

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def say(contact, **changes) -> Notification:
    told = {
        "contact_id": contact.pk,
        "kind": "order_paid",
        "title": "有人买了你的青稞",
        "body": "2 盒，136.00 元",
        "url": "/orders/M1/",
        "dedupe_key": "order:1:paid",
        "now": NOW,
    }
    return tell(**told | changes)


def fates(notification) -> dict[str, str]:
    return dict(notification.deliveries.values_list("channel", "status"))


def test_a_farmer_without_an_account_is_told_by_sms(sms_log, drain_outbox):
    tashi = make_contact(phone="13900000099")

    notification = say(tashi)

    assert fates(notification) == {"inbox": "queued", "sms": "queued"}
    assert drain_outbox() == ["notifications.deliver", "notifications.deliver"]
    assert fates(notification) == {"inbox": "delivered", "sms": "sent"}
    assert sms_log() == [("13900000099", "有人买了你的青稞 2 盒，136.00 元")]
    for delivery in notification.deliveries.all():
        assert (delivery.attempts, delivery.error) == (1, "")
        assert delivery.sent_at is not None


def test_a_person_with_an_account_reads_the_inbox_and_mail_and_gets_sms_for_important_things(
    sms_log, drain_outbox
):
    arun = contact_of(make_user(email="arun@example.com"))

    plain = say(arun)
    important = say(arun, kind="refund_succeeded", dedupe_key="refund:1")
    drain_outbox()

    assert fates(plain) == {"inbox": "delivered", "email": "sent"}
    assert fates(important) == {"inbox": "delivered", "email": "sent", "sms": "sent"}
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["arun@example.com"], "有人买了你的青稞")
    ] * 2
    assert mail.outbox[0].body == "2 盒，136.00 元\n\nhttp://127.0.0.1:8000/orders/M1/"
    assert len(sms_log()) == 1


def test_a_channel_without_an_address_is_not_tried():
    nobody = make_contact(phone="")

    assert fates(say(nobody, channels=["sms", "email", "inbox"])) == {"inbox": "queued"}


def test_a_caller_may_choose_the_channels():
    tashi = make_contact(email="tashi@example.com")

    assert fates(say(tashi, channels=["email"])) == {"inbox": "queued", "email": "queued"}


def test_a_repeated_task_tells_once(sms_log, drain_outbox):
    tashi = make_contact()

    first = say(tashi)
    again = say(tashi, title="other words")
    drain_outbox()

    assert first.pk == again.pk
    assert Notification.objects.get().title == "有人买了你的青稞"
    assert NotificationDelivery.objects.count() == 2
    assert len(sms_log()) == 1


def test_what_is_rolled_back_was_never_told():
    tashi = make_contact()

    with pytest.raises(RuntimeError), transaction.atomic():
        say(tashi)
        raise RuntimeError("the order failed")

    assert Notification.objects.count() == NotificationDelivery.objects.count() == 0
    assert OutboxMessage.objects.count() == 0


def test_the_outbox_holds_ids_only():
    say(make_contact())

    kwargs = list(OutboxMessage.objects.order_by("pk").values_list("kwargs", flat=True))
    assert kwargs == [
        {"delivery_id": pk} for pk in NotificationDelivery.objects.order_by("pk").values_list("pk", flat=True)
    ]


def test_long_and_broken_words_are_made_to_fit():
    notification = say(make_contact(), title="长\n" * 300, body="x" * 900)

    notification.refresh_from_db()
    assert len(notification.title) == 120
    assert "\n" not in notification.title
    assert len(notification.body) == 500
    assert notification.body.endswith("…")


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_message_never_leads_off_the_site(url):
    with pytest.raises(ValueError, match="not a path of this site"):
        say(make_contact(), url=url)
    assert Notification.objects.count() == 0


def test_words_are_in_the_language_of_the_contact():
    with in_language_of(make_contact(language="en")):
        assert _("Sign in") == "Sign in"


class Failing:
    """A provider that refuses until it is told to work."""

    def __init__(self, error: Exception | None):
        self.error = error
        self.sent = 0

    def send(self, message) -> Receipt:
        if self.error:
            raise self.error
        self.sent += 1
        return Receipt(status=DeliveryStatus.SENT, reference="ref-1")


@pytest.fixture
def provider(monkeypatch) -> Failing:
    """The SMS provider of these tests, in place of the console one."""
    failing = Failing(ChannelError("busy"))
    monkeypatch.setattr("notifications.channels.choosing.SMS_PROVIDERS", {"console": lambda: failing})
    return failing


def sms_of(notification) -> NotificationDelivery:
    return notification.deliveries.get(channel="sms")


def test_a_busy_provider_is_asked_again_until_it_takes_the_message(provider):
    notification = say(make_contact())
    message = OutboxMessage.objects.get(kwargs__delivery_id=sms_of(notification).pk)

    assert outbox.deliver(message.pk, now=NOW) is False
    delivery = sms_of(notification)
    assert (delivery.status, delivery.attempts, delivery.error) == ("queued", 1, "busy")

    provider.error = None
    message.refresh_from_db()
    assert outbox.deliver(message.pk, now=message.due_at) is True
    delivery = sms_of(notification)
    assert (delivery.status, delivery.attempts, delivery.error, delivery.provider_reference) == (
        "sent",
        2,
        "",
        "ref-1",
    )
    assert provider.sent == 1


def test_a_provider_that_never_works_leaves_a_failed_delivery_and_a_quarantined_message(provider):
    notification = say(make_contact())
    message = OutboxMessage.objects.get(kwargs__delivery_id=sms_of(notification).pk)

    for _attempt in range(5):
        message.refresh_from_db()
        outbox.deliver(message.pk, now=message.due_at + timedelta(seconds=1))

    message.refresh_from_db()
    delivery = sms_of(notification)
    assert message.quarantined_at is not None
    assert (delivery.status, delivery.attempts, delivery.error, delivery.sent_at) == (
        "failed",
        5,
        "busy",
        None,
    )
    assert fates(notification)["inbox"] == "queued"


def test_a_number_that_does_not_exist_is_given_up_at_once(provider, drain_outbox):
    provider.error = UndeliverableError("no such number")
    notification = say(make_contact())

    drain_outbox()

    delivery = sms_of(notification)
    assert (delivery.status, delivery.attempts, delivery.error) == ("failed", 1, "no such number")


def test_a_delivery_that_was_sent_is_not_sent_again(provider):
    provider.error = None
    notification = say(make_contact())

    deliver(delivery_id=sms_of(notification).pk, now=NOW)
    deliver(delivery_id=sms_of(notification).pk, now=NOW)

    assert provider.sent == 1
    assert sms_of(notification).attempts == 1


def test_a_full_disk_is_a_busy_provider(settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.VAR_DIR = tmp_path / "file"
    notification = say(make_contact())

    with pytest.raises(ChannelError):
        deliver(delivery_id=sms_of(notification).pk, now=NOW)
    assert sms_of(notification).status == "queued"


def test_without_a_provider_production_says_so_on_the_delivery(settings):
    settings.SMS_CHANNEL = ""
    notification = say(make_contact())

    with pytest.raises(ChannelError):
        deliver(delivery_id=sms_of(notification).pk, now=NOW)
    assert sms_of(notification).error == "no SMS provider is set up (SMS_CHANNEL)"


def test_codes_never_reach_a_log_in_production(settings, sms_log):
    settings.IS_PRODUCTION = True
    notification = say(make_contact())

    with pytest.raises(ChannelError):
        deliver(delivery_id=sms_of(notification).pk, now=NOW)
    assert sms_log() == []


def test_a_sign_in_code_goes_out_by_sms_in_the_language_of_the_page_and_works(sms_log, drain_outbox):
    send_code(phone="13912345678", now=datetime.now(UTC), ip="")

    assert drain_outbox() == ["notifications.send_sign_in_code"]
    [(phone, text)] = sms_log()
    code = re.search(r"\b\d{6}\b|\d{6}", text).group()
    assert phone == "13912345678"
    assert verify_code(phone=phone, code=code, now=datetime.now(UTC)).phone == phone


def test_a_code_that_is_too_old_or_used_is_not_sent(sms_log, drain_outbox):
    send_code(phone="13912345678", now=NOW - timedelta(days=30), ip="")

    drain_outbox()

    assert sms_log() == []


def test_ordinary_logs_mask_the_phone_and_hold_no_text(sms_log, drain_outbox, caplog):
    caplog.set_level(logging.INFO)
    say(make_contact(phone="13900000099"))

    drain_outbox()

    assert "139****0099" in caplog.text
    assert "13900000099" not in caplog.text
    assert "青稞" not in caplog.text


def test_the_demo_shows_the_text_in_its_log(sms_log, drain_outbox, caplog, settings):
    caplog.set_level(logging.INFO)
    settings.MARKET_MODE = "demo"
    say(make_contact(phone="13900000099"))

    drain_outbox()

    assert "SMS to 13900000099: 有人买了你的青稞" in caplog.text


def test_the_sms_log_is_for_its_owner_only_and_one_line_a_message(sms_log, drain_outbox, settings):
    say(make_contact(), body="line\nbreak\ttab")

    drain_outbox()

    assert sms_log() == [("13900000099", "有人买了你的青稞 line break tab")]
    assert (settings.VAR_DIR / "log" / "sms.log").stat().st_mode & 0o077 == 0


def test_a_failed_delivery_is_sent_again_by_an_operator_with_fresh_attempts(provider):
    operator = make_user(phone="13900000008", is_staff=True)
    provider.error = UndeliverableError("no such number")
    notification = say(make_contact())
    deliver(delivery_id=sms_of(notification).pk, now=NOW)

    resend(actor=operator, delivery_id=sms_of(notification).pk, reason="number mended", now=NOW)
    provider.error = None
    deliver(delivery_id=sms_of(notification).pk, now=NOW)

    delivery = sms_of(notification)
    assert (delivery.status, delivery.attempts, delivery.error) == ("sent", 1, "")
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.reason) == (
        f"user:{operator.pk}",
        "notifications.resend",
        "number mended",
    )


def test_only_operators_send_again_and_only_what_failed(provider):
    provider.error = None
    arun = make_user()
    operator = make_user(phone="13900000008", is_staff=True)
    delivery = sms_of(say(make_contact()))

    with pytest.raises(NotAllowed):
        resend(actor=arun, delivery_id=delivery.pk, reason="", now=NOW)
    deliver(delivery_id=delivery.pk, now=NOW)
    with pytest.raises(MoveRefused):
        resend(actor=operator, delivery_id=delivery.pk, reason="", now=NOW)

    delivery.refresh_from_db()
    assert delivery.status == "sent"
    assert AuditEntry.objects.count() == 0


def test_the_badge_of_an_open_page_moves(valkey):
    arun = make_user()
    notification = say(contact_of(arun))
    say(contact_of(arun), dedupe_key="another")

    deliver(delivery_id=notification.deliveries.get(channel="inbox").pk, now=NOW)

    [(_id, entry)] = valkey.xrange(stream_key(f"user:{arun.pk}"))
    assert entry == {"event": "inbox", "data": '{"unread":2}'}
