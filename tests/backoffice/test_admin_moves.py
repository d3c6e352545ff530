"""States change by services only: buttons with reasons, permissions, refusals shown, all of it audited."""

import pytest
from django.contrib.messages import get_messages

from common.clock import utc_now
from common.models import AuditEntry, OutboxMessage
from ledger.models import LedgerTransaction
from ledger.selectors import trial_balance
from livestreams.models import ModerationAction
from notifications.models import NotificationDelivery
from orders.models import RefundRequest
from payouts.models import Payout, SettlementPeriod
from payouts.services.paying import approve_payout
from shops.models import Host, Product, Shop
from tests.factories.runs import make_account
from tests.factories.shops import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def checker(db):
    return make_person(name="复核员", is_staff=True, is_superuser=True)


def bulk(client, address, action, rows, **data):
    rows = [str(row.pk) for row in rows]
    body = {"action": action, "_selected_action": rows, "select_across": "0", "index": "0"}
    return client.post(address, body | data)


def accounts_for(payouts, checker) -> None:
    """Everybody who is paid has an account that another operator has checked."""
    writer, now = make_person(name="会计", is_staff=True), utc_now()
    for payout in payouts:
        make_account(payee=payout.statement.payee, writer=writer, checker=checker, now=now)


def test_payout_is_approved_by_one_and_paid_by_another(full, operator, checker, client):
    payout = full.world.farmer_statement.payout
    accounts_for([payout], operator)
    address = f"/admin/payouts/payout/{payout.pk}"
    client.force_login(operator)
    labels = [move["url"] for move in client.get(f"{address}/change/").context["moves"]]
    assert labels == [f"{address}/move/approve/"]

    assert client.get(f"{address}/move/approve/").status_code == 200
    response = client.post(f"{address}/move/approve/", {"reason": "checked"})

    assert (response.status_code, response["Location"]) == (302, f"{address}/change/")
    payout.refresh_from_db()
    assert (payout.status, payout.approved_by) == ("processing", operator)
    own = client.post(f"{address}/move/paid/", {"reference": "B1"})
    assert own.status_code == 200
    assert "另一" in own.content.decode() or "Another operator" in own.content.decode()
    payout.refresh_from_db()
    assert payout.status == "processing"
    client.force_login(checker)
    assert client.post(f"{address}/move/paid/", {"reference": ""}).status_code == 200
    assert client.post(f"{address}/move/paid/", {"reference": "B1"}).status_code == 302
    payout.refresh_from_db()
    assert (payout.status, payout.reference, payout.paid_by) == ("paid", "B1", checker)
    assert LedgerTransaction.objects.filter(key=f"payout:{payout.pk}").count() == 1
    assert trial_balance().is_right
    again = client.post(f"{address}/move/paid/", {"reference": "B2"})
    assert again.status_code == 200
    payout.refresh_from_db()
    assert payout.reference == "B1"


def test_payouts_are_approved_together(full, operator, client):
    client.force_login(operator)
    payouts = list(Payout.objects.filter(status="pending"))
    assert len(payouts) == 2
    accounts_for(payouts, operator)

    asked = bulk(client, "/admin/payouts/payout/", "approve", payouts)
    assert asked.status_code == 200
    assert Payout.objects.filter(status="pending").count() == 2
    done = bulk(client, "/admin/payouts/payout/", "approve", payouts, apply="1", reason="week 47")

    assert done.status_code == 302
    assert Payout.objects.filter(status="processing", approved_by=operator).count() == 2
    assert AuditEntry.objects.filter(action="payouts.approve", reason="week 47").count() == 2


def test_c10_bulk_action_without_the_permission_does_nothing(full, clerk_of_house, client):
    client.force_login(clerk_of_house("view_payout"))
    payouts = list(Payout.objects.filter(status="pending"))

    listed = client.get("/admin/payouts/payout/")
    assert listed.status_code == 200
    assert 'value="approve"' not in listed.content.decode()
    bulk(client, "/admin/payouts/payout/", "approve", payouts, apply="1", reason="x")
    move = client.post(f"/admin/payouts/payout/{payouts[0].pk}/move/approve/", {"reason": "x"})

    assert move.status_code == 403
    assert Payout.objects.filter(status="pending").count() == 2
    assert not AuditEntry.objects.filter(action="payouts.approve").exists()


def test_moves_are_refused_to_people_who_are_no_operators(full, mei, client):
    payout = full.world.farmer_statement.payout
    client.force_login(mei)

    for rest in ("move/approve/", "reveal/"):
        response = client.post(f"/admin/payouts/payout/{payout.pk}/{rest}", {"reason": "x"})
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")

    payout.refresh_from_db()
    assert payout.status == "pending"


def test_unknown_move_and_unknown_row_are_404(full, operator, client):
    client.force_login(operator)
    payout = full.world.farmer_statement.payout

    assert client.get(f"/admin/payouts/payout/{payout.pk}/move/steal/").status_code == 404
    assert client.get("/admin/payouts/payout/999999/move/approve/").status_code == 404


def test_shop_is_opened_and_suspended_with_reasons(full, operator, client):
    client.force_login(operator)
    shop = full.world.market.shop
    Shop.objects.filter(pk=shop.pk).update(status="pending")
    address = f"/admin/shops/shop/{shop.pk}/move"

    assert client.post(f"{address}/approve/", {"reason": ""}).status_code == 302
    shop.refresh_from_db()
    assert shop.status == "open"
    assert client.post(f"{address}/suspend/", {"reason": ""}).status_code == 200
    shop.refresh_from_db()
    assert shop.status == "open"
    assert client.post(f"{address}/suspend/", {"reason": "complaints"}).status_code == 302
    shop.refresh_from_db()
    assert shop.status == "suspended"
    audits = AuditEntry.objects.filter(target=f"shop:{shop.pk}").order_by("pk")
    assert [(audit.actor, audit.after, audit.reason) for audit in audits] == [
        (f"user:{operator.pk}", {"status": "open"}, ""),
        (f"user:{operator.pk}", {"status": "suspended"}, "complaints"),
    ]


def test_host_is_admitted_product_rejected_message_hidden(full, operator, client):
    client.force_login(operator)
    world = full.world
    Host.objects.filter(pk=world.market.host.pk).update(status="applied")

    client.post(f"/admin/shops/host/{world.market.host.pk}/move/approve/", {"reason": "met"})
    client.post(f"/admin/shops/product/{world.product.pk}/move/reject/", {"reason": "no licence"})
    bulk(client, "/admin/livestreams/chatmessage/", "hide", [world.message], apply="1", reason="insult")

    assert Host.objects.get(pk=world.market.host.pk).status == "active"
    product = Product.objects.get(pk=world.product.pk)
    assert (product.status, product.rejected_reason) == ("rejected", "no licence")
    world.message.refresh_from_db()
    assert world.message.status == "hidden"
    action = ModerationAction.objects.get(kind="hide")
    assert (action.moderator, action.reason, action.message) == (operator, "insult", world.message)


def test_show_is_ended_by_the_operator(full, operator, client):
    client.force_login(operator)
    session = full.world.session

    client.post(f"/admin/livestreams/livesession/{session.pk}/move/end/", {"reason": "false claims"})

    session.refresh_from_db()
    assert (session.status, session.end_reason) == ("ended", "false claims")
    assert AuditEntry.objects.get(action="livestreams.end").reason == "false claims"


def test_paid_order_is_cancelled_with_refund_and_shipped_one_is_not(full, operator, client):
    client.force_login(operator)
    order = full.world.paid_order

    response = client.post(f"/admin/orders/order/{order.pk}/move/cancel/", {"reason": "shop closed"})

    assert response.status_code == 302
    order.refresh_from_db()
    assert (order.status, order.cancel_reason, order.refund_requested_fen) == (
        "cancelled", "shop closed", order.captured_fen,
    )  # fmt: skip
    assert RefundRequest.objects.filter(order=order, reason="cancelled_by_shop").count() == 1
    audit = AuditEntry.objects.get(action="orders.cancel", target=f"order:{order.pk}")
    assert (audit.actor, audit.reason) == (f"user:{operator.pk}", "shop closed")
    completed = type(order).objects.get(status="completed")
    refused = client.post(f"/admin/orders/order/{completed.pk}/move/cancel/", {"reason": "x"})
    assert refused.status_code == 200
    completed.refresh_from_db()
    assert completed.status == "completed"


def test_unpaid_order_is_called_off_with_its_purchase(full, operator, client):
    client.force_login(operator)
    order = full.world.order

    client.post(f"/admin/orders/order/{order.pk}/move/cancel/", {"reason": "fraud"})

    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == ("cancelling", "fraud")
    assert OutboxMessage.objects.filter(task="payments.close_group").exists()


def test_period_is_closed_now(full, operator, client):
    client.force_login(operator)
    period = SettlementPeriod.objects.get(status="open")

    client.post(f"/admin/payouts/settlementperiod/{period.pk}/move/close/", {"reason": "market day"})

    period.refresh_from_db()
    assert period.status == "closing"
    message = OutboxMessage.objects.get(task="payouts.close_period")
    assert message.kwargs == {"period_id": period.pk}


def test_quarantined_message_and_failed_delivery_are_tried_again(full, operator, client):
    client.force_login(operator)

    client.post(f"/admin/common/outboxmessage/{full.message.pk}/move/retry/", {"reason": "fixed"})
    client.post(f"/admin/notifications/notificationdelivery/{full.delivery.pk}/move/resend/", {"reason": ""})

    full.message.refresh_from_db()
    assert (full.message.quarantined_at, full.message.attempts) == (None, 0)
    assert AuditEntry.objects.get(action="outbox.retry").reason == "fixed"
    delivery = NotificationDelivery.objects.get(pk=full.delivery.pk)
    assert (delivery.status, delivery.attempts) == ("queued", 0)
    assert OutboxMessage.objects.filter(
        task="notifications.deliver", kwargs={"delivery_id": delivery.pk}
    ).exists()
    refused = client.post(f"/admin/common/outboxmessage/{full.message.pk}/move/retry/", {"reason": "again"})
    assert refused.status_code == 200


def test_personal_data_is_masked_until_it_is_asked_for(full, operator, client):
    client.force_login(operator)
    order = full.world.paid_order
    address = f"/admin/orders/order/{order.pk}"

    for page in ("/admin/orders/order/", f"{address}/change/"):
        html = client.get(page).content.decode()
        assert order.phone not in html, page
        assert "138****" in html, page
    asked = client.get(f"{address}/reveal/")
    assert order.phone not in asked.content.decode()
    assert not AuditEntry.objects.filter(action="admin.reveal").exists()
    without_reason = client.post(f"{address}/reveal/", {"reason": ""})
    assert order.phone not in without_reason.content.decode()
    shown = client.post(f"{address}/reveal/", {"reason": "parcel lost"})

    assert order.phone in shown.content.decode() and order.address in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    audit = AuditEntry.objects.get(action="admin.reveal")
    assert (audit.actor, audit.target, audit.reason) == (
        f"user:{operator.pk}", f"order:{order.pk}", "parcel lost",
    )  # fmt: skip
    assert order.phone not in str(audit.after)


def test_people_contacts_and_addresses_are_masked(full, operator, arun, client):
    client.force_login(operator)
    for page in ("accounts/user", "accounts/contact", "accounts/address", "accounts/signincode"):
        html = client.get(f"/admin/{page}/").content.decode()
        assert "13800000003" not in html and "arun@example.com" not in html and "13812345678" not in html, (
            page
        )


def test_edit_of_a_village_is_audited_and_hostile_text_is_escaped(full, operator, client):
    client.force_login(operator)
    village = full.world.market.village
    address = f"/admin/shops/village/{village.pk}/change/"
    form = client.get(address).context["adminform"].form
    values = {name: form.initial.get(name) or "" for name in form.fields}

    response = client.post(address, values | {"story": "<script>alert(1)</script>", "altitude_m": "3300"})

    assert response.status_code == 302, response.context["errors"]
    village.refresh_from_db()
    assert village.story == "<script>alert(1)</script>"
    html = client.get(address).content.decode()
    assert "<script>alert(1)</script>" not in html
    audit = AuditEntry.objects.get(action="admin.change", target=f"village:{village.pk}")
    assert audit.actor == f"user:{operator.pk}"
    assert audit.after["story"].startswith("<script>")


def test_password_is_set_and_audited(full, operator, arun, client):
    client.force_login(operator)
    address = f"/admin/accounts/user/{arun.pk}/password/"
    assert client.get(address).status_code == 200

    weak = client.post(address, {"password1": "123", "password2": "123", "usable_password": "true"})
    assert weak.status_code == 200
    assert not AuditEntry.objects.filter(action="accounts.set_password").exists()
    words = "barley under the snow 7"
    client.post(address, {"password1": words, "password2": words, "usable_password": "true"})

    arun.refresh_from_db()
    assert arun.check_password(words)
    audit = AuditEntry.objects.get(action="accounts.set_password")
    assert (audit.actor, audit.target, audit.after) == (f"user:{operator.pk}", f"user:{arun.pk}", None)


def test_only_superusers_give_rights(full, operator, arun, clerk_of_house, client):
    clerk = clerk_of_house("view_user", "change_user")
    client.force_login(clerk)

    client.post(
        f"/admin/accounts/user/{arun.pk}/change/",
        {"display_name": "阿润", "language": "en", "is_active": "on", "is_staff": "on", "is_superuser": "on"},
    )
    arun.refresh_from_db()
    assert (arun.language, arun.is_staff, arun.is_superuser) == ("en", False, False)
    assert client.post(f"/admin/accounts/user/{operator.pk}/change/", {}).status_code == 403
    password = client.post(
        f"/admin/accounts/user/{operator.pk}/password/",
        {"password1": "x y z 12345", "password2": "x y z 12345"},
    )
    assert password.status_code == 403
    before = operator.password
    operator.refresh_from_db()
    assert operator.password == before
    client.force_login(operator)
    client.post(
        f"/admin/accounts/user/{clerk.pk}/change/",
        {"display_name": "助理", "language": "zh-hans", "is_active": "on"},
    )
    clerk.refresh_from_db()
    assert clerk.is_staff is False
    assert AuditEntry.objects.filter(action="admin.change", target=f"user:{clerk.pk}").exists()


def test_refusals_in_a_bulk_action_are_shown(full, operator, client):
    client.force_login(operator)
    payouts = list(Payout.objects.filter(status="pending"))
    accounts_for(payouts, operator)
    approve_payout(actor=operator, payout_id=payouts[0].pk, now=utc_now())

    response = bulk(client, "/admin/payouts/payout/", "approve", payouts, apply="1", reason="x")

    levels = sorted(message.level_tag for message in get_messages(response.wsgi_request))
    assert levels == ["error", "success"]
    assert Payout.objects.filter(status="processing").count() == 2
