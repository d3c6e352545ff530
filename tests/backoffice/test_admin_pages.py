"""Every model has a page that opens, can be searched, and refuses who is no operator."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.urls import reverse

from orders.models import Order
from payouts.models import PayoutStatement

OURS = [
    "common", "ledger", "accounts", "notifications", "shops", "livestreams", "orders", "payments", "payouts",
]  # fmt: skip
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
# Without a model they have no row to open; their rows come from elsewhere.
SEARCH = "'; -- % 青稞 \\x"

pytestmark = pytest.mark.django_db


def page(model, name, *arguments) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=arguments)


def test_every_model_of_every_app_is_registered():
    models = {model for label in OURS for model in apps.get_app_config(label).get_models()}

    assert models - set(admin.site._registry) == set()
    assert {Session, ContentType} & set(admin.site._registry) == set()


def test_every_list_opens_and_can_be_searched(full, operator, client):
    client.force_login(operator)

    for model in REGISTERED:
        for query in ({}, {"q": SEARCH}):
            response = client.get(page(model, "changelist"), query)
            assert response.status_code == 200, (model, query, response.content[:300])


@pytest.mark.long
def test_every_row_opens_with_its_links(full, operator, client):
    client.force_login(operator)
    empty, opened = [], set()
    for model in REGISTERED:
        row = model._default_manager.order_by("-pk").first()
        if row is None:
            empty.append(model._meta.label)
            continue
        response = client.get(page(model, "change", row.pk))
        assert response.status_code == 200, (model, response.content[:500])
        for link in response.context.get("links", ()):
            if link.url.startswith("/admin/") and link.url not in opened:
                opened.add(link.url)
                assert client.get(link.url).status_code == 200, (model, link)
        assert client.get(page(model, "history", row.pk)).status_code == 200

    assert empty == []


def test_every_page_is_refused_to_others(full, client):
    people = full.world.people
    for role in ("anonymous", "buyer", "farmer", "clerk", "host"):
        client.logout()
        if role != "anonymous":
            client.force_login(people[role])
        for model in REGISTERED:
            row = model._default_manager.order_by("-pk").first()
            for address in (page(model, "changelist"), page(model, "change", row.pk)):
                response = client.get(address)
                assert response.status_code == 302, (role, model)
                assert response["Location"].startswith("/admin/login/")
        assert client.get("/admin/").status_code == 302


def test_operator_without_permissions_sees_nothing(full, clerk_of_house, client):
    client.force_login(clerk_of_house())

    for model in REGISTERED:
        row = model._default_manager.order_by("-pk").first()
        assert client.get(page(model, "changelist")).status_code == 403, model
        # Django sends home where even the existence of a row is not to be told.
        assert client.get(page(model, "change", row.pk)).status_code in (302, 403), model


def test_no_row_can_be_deleted(full, operator, client):
    client.force_login(operator)

    for model in REGISTERED:
        row = model._default_manager.order_by("-pk").first()
        assert client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model
        assert model._default_manager.filter(pk=row.pk).exists()
        response = client.post(
            page(model, "changelist"),
            {"action": "delete_selected", "_selected_action": row.pk, "post": "yes", "index": 0},
        )
        assert model._default_manager.filter(pk=row.pk).exists(), (model, response.status_code)


@pytest.mark.parametrize(
    ("label", "values"),
    [
        ("orders.Order", {"status": "completed", "total_fen": 1, "captured_fen": 0}),
        ("payouts.Payout", {"status": "paid", "reference": "x", "amount_fen": 1}),
        ("payouts.PayoutStatement", {"net_fen": 1, "status": "accepted"}),
        ("payouts.SettlementPeriod", {"status": "closed"}),
        ("payments.Payment", {"status": "succeeded", "amount_fen": 1}),
        ("ledger.LedgerEntry", {"amount_fen": 1}),
        ("ledger.LedgerAccount", {"balance_fen": 1}),
        ("shops.Shop", {"status": "closed", "name": "x"}),
        ("shops.Product", {"status": "archived", "title": "x"}),
        ("shops.VariantStock", {"available": 100000}),
        ("common.OutboxMessage", {"attempts": 0}),
        ("common.AuditEntry", {"actor": "nobody"}),
    ],
)
def test_states_and_sums_cannot_be_typed_in(full, operator, client, label, values):
    client.force_login(operator)
    model = apps.get_model(label)
    row = model._default_manager.order_by("-pk").first()
    before = model._default_manager.filter(pk=row.pk).values().get()

    response = client.post(page(model, "change", row.pk), values)

    assert response.status_code == 403
    assert model._default_manager.filter(pk=row.pk).values().get() == before
    assert client.get(page(model, "add")).status_code == 403


def test_order_leads_to_payment_book_and_tally_and_back(full, operator, client):
    client.force_login(operator)
    statement = full.world.farmer_statement
    line = statement.lines.get()
    order = Order.objects.get(number=line.order_number)

    tallies = client.get(f"{page(PayoutStatement, 'changelist')}?q={order.number}")
    postings = client.get(f"/admin/ledger/ledgertransaction/?q=order:{order.pk}")
    order_page = client.get(page(Order, "change", order.pk))
    line_page = client.get(page(type(line), "change", line.pk))
    entry_page = client.get(page(type(line.entry), "change", line.entry.pk))
    payment_page = client.get(page(type(full.payment), "change", full.payment.pk))

    assert statement.code in tallies.content.decode()
    assert f"completion:{order.pk}" in postings.content.decode()
    urls = {link.url for link in order_page.context["links"]}
    assert f"/admin/ledger/ledgertransaction/?q=order%3A{order.pk}" in urls
    assert f"/admin/payouts/payoutstatement/?q={order.number}" in urls
    assert f"/admin/orders/order/{order.pk}/change/" in line_page.content.decode()
    entry_urls = {link.url for link in entry_page.context["links"]}
    assert f"/admin/payouts/payoutstatement/{statement.pk}/change/" in entry_urls
    assert f"/admin/orders/orderline/{line.order_line_id}/change/" in entry_urls
    payment_urls = {link.url for link in payment_page.context["links"]}
    assert f"/admin/orders/order/{full.world.paid_order.pk}/change/" in payment_urls


def test_orders_are_found_by_number_and_by_the_buyers_phone(full, operator, client):
    client.force_login(operator)
    order = full.world.paid_order

    for text in (order.number, order.phone, order.group.buyer.phone):
        content = client.get(f"/admin/orders/order/?q={text}").content.decode()
        assert order.number in content, text
    assert order.number not in client.get("/admin/orders/order/?q=13999999999").content.decode()


def test_dashboard_counts_what_waits(full, operator, client):
    client.force_login(operator)

    response = client.get("/admin/")

    assert response.status_code == 200
    counts = {task["url"]: task["count"] for task in response.context["tasks"]}
    assert counts["/admin/common/outboxmessage/?outcome=quarantined"] == 1
    assert counts["/admin/payments/paymentcallback/?outcome__exact=quarantined"] == 1
    assert counts["/admin/payouts/payout/?status__exact=pending"] == 2
    numbers = response.context["numbers"]
    assert numbers.book.total_fen == 0 and numbers.book.is_right
    assert numbers.week_fen == full.world.paid_order.total_fen
    assert len(numbers.week) == 7
