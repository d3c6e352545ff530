"""The operators' first page and their menu (unfold's callbacks)."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from backoffice.selectors import Numbers, duties, market_numbers
from common.clock import utc_now
from common.money import yuan_text
from ledger.statuses import Purpose


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what waits for the operator, this week's sales, and whether the book balances."""
    numbers = market_numbers(now=utc_now())
    return context | {
        "numbers": numbers,
        "tasks": _tasks(numbers),
        "week": [
            {
                "label": date_format(day.day, "n/j"),
                "value": day.amount_fen,
                "text": yuan_text(day.amount_fen).split(".")[0] if day.amount_fen else "",
                "is_current": day.is_today,
            }
            for day in numbers.week
        ],
        "balances": [
            (Purpose(purpose).label, amount_fen)
            for purpose, amount_fen in sorted(numbers.book.by_purpose.items())
        ],
    }


def _tasks(numbers: Numbers) -> list[dict[str, Any]]:
    waiting = numbers.duties
    rows = [
        (_("Shops to open"), waiting.shops, "shops_shop", "status__exact=pending"),
        (_("Hosts to admit"), waiting.hosts, "shops_host", "status__exact=applied"),
        (_("Goods in review"), waiting.products, "shops_product", "status__exact=in_review"),
        (_("Payouts to approve"), waiting.payouts_to_approve, "payouts_payout", "status__exact=pending"),
        (_("Cases to decide"), waiting.cases, "orders_aftersalecase", "status__exact=rejected"),
        (_("Reported reviews"), waiting.reviews, "orders_review", "reported=open"),
        (_("Questions about tallies"), waiting.questions, "payouts_statementquestion", "open=yes"),
        (_("Payouts to pay"), waiting.payouts_to_pay, "payouts_payout", "status__exact=processing"),
        (_("Payout runs to check"), waiting.runs_to_check, "payouts_payoutrun", "status__exact=draft"),
        (
            _("Payout runs on their way"),
            waiting.runs_to_finish,
            "payouts_payoutrun",
            "status__in=approved,sending",
        ),
        (
            _("Periods being closed"),
            waiting.closing_periods,
            "payouts_settlementperiod",
            "status__exact=closing",
        ),
    ]
    alarms = [
        (_("Payouts that did not arrive"), waiting.payouts_failed, "payouts_payout", "status__exact=failed"),
        (_("Tallies that are overdue"), numbers.overdue_periods, "payouts_settlementperiod", "overdue=yes"),
        (
            _("Quarantined callbacks"),
            waiting.callbacks,
            "payments_paymentcallback",
            "outcome__exact=quarantined",
        ),
        (
            _("Records that do not agree"),
            waiting.differences,
            "ledger_reconciliationfinding",
            "open=yes&acknowledged=no",
        ),
        (_("Quarantined messages"), waiting.outbox, "common_outboxmessage", "outcome=quarantined"),
        (_("Disks too full for a new picture"), waiting.full_disks, "livestreams_broadcast", ""),
        (_("Failed refunds"), waiting.refunds, "orders_refundrequest", "status__exact=failed"),
        (
            _("People not reached"),
            waiting.deliveries,
            "notifications_notificationdelivery",
            "status__exact=failed",
        ),
    ]
    return [_task(*row, is_alarm=False) for row in rows] + [_task(*row, is_alarm=True) for row in alarms]


def _task(label: str, count: int, name: str, query: str, *, is_alarm: bool) -> dict[str, Any]:
    url = f"{reverse(f'admin:{name}_changelist')}?{query}"
    return {"label": label, "count": count, "url": url, "is_alarm": is_alarm and count > 0}


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of the side menu, with only what the operator may see."""
    waiting = duties()
    groups = [
        ("", [(_("Overview"), "space_dashboard", None, 0)]),
        (
            _("Trade"),
            [
                (_("Orders"), "receipt_long", "orders.order", 0),
                (_("Payments"), "payments", "payments.payment", 0),
                (_("Callbacks"), "webhook", "payments.paymentcallback", waiting.callbacks),
                (_("Cash handed over"), "payments", "payments.cashhandover", waiting.cash),
                (_("Refunds by hand"), "volunteer_activism", "payments.handrefund", waiting.hand_refunds),
                (_("Refund requests"), "undo", "orders.refundrequest", waiting.refunds),
                (_("After-sales cases"), "assignment_return", "orders.aftersalecase", waiting.cases),
                (_("Reviews"), "reviews", "orders.review", waiting.reviews),
                (_("Invoices"), "receipt", "orders.invoice", 0),
                (_("Parcels"), "local_shipping", "orders.shipment", 0),
                (_("Reports of carriers"), "campaign", "orders.carrierreport", 0),
            ],
        ),
        (
            _("Money"),
            [
                (_("Payouts"), "account_balance_wallet", "payouts.payout", waiting.payouts_to_approve),
                (_("Payout runs"), "outbound", "payouts.payoutrun", waiting.runs_to_check),
                (_("Tallies"), "request_quote", "payouts.payoutstatement", 0),
                (_("Questions about tallies"), "help", "payouts.statementquestion", waiting.questions),
                (_("Settlement periods"), "date_range", "payouts.settlementperiod", 0),
                (_("Settlement rhythms"), "event_repeat", "payouts.settlementrhythm", 0),
                (_("Payout accounts"), "credit_card", "payouts.payoutaccount", 0),
                (_("Bills of the providers"), "receipt", "payments.providerbill", 0),
                (_("Postings"), "menu_book", "ledger.ledgertransaction", 0),
                (_("Differences"), "rule", "ledger.reconciliationfinding", waiting.differences),
                (_("Accounts of the book"), "balance", "ledger.ledgeraccount", 0),
            ],
        ),
        (
            _("Market"),
            [
                (_("Shops"), "storefront", "shops.shop", waiting.shops),
                (_("Hosts"), "mic", "shops.host", waiting.hosts),
                (_("Farmers"), "agriculture", "shops.farmer", 0),
                (_("Goods"), "nutrition", "shops.product", waiting.products),
                (_("Stock"), "inventory_2", "shops.variantstock", 0),
                (_("Villages"), "landscape", "shops.village", 0),
                (_("Live sessions"), "videocam", "livestreams.livesession", 0),
                (_("Chat"), "chat", "livestreams.chatmessage", 0),
            ],
        ),
        (
            _("People"),
            [
                (_("People"), "group", "accounts.user", 0),
                (_("Contacts"), "contacts", "accounts.contact", 0),
                (_("What was told"), "notifications", "notifications.notification", 0),
                (_("Deliveries"), "outgoing_mail", "notifications.notificationdelivery", waiting.deliveries),
            ],
        ),
        (
            _("House"),
            [
                (_("Audit trail"), "policy", "common.auditentry", 0),
                (_("Outbox"), "outbox", "common.outboxmessage", waiting.outbox),
            ],
        ),
    ]
    return [
        {
            "title": title,
            "separator": bool(title),
            "collapsible": False,
            "items": [_item(request, *item) for item in items if _may_see(request, item[2])],
        }
        for title, items in groups
    ]


def _may_see(request: HttpRequest, model: str | None) -> bool:
    if model is None:
        return True
    app_label, name = model.split(".")
    return any(request.user.has_perm(f"{app_label}.{action}_{name}") for action in ("view", "change"))


def _item(request: HttpRequest, title: str, icon: str, model: str | None, count: int) -> dict[str, Any]:
    page = "admin:index" if model is None else f"admin:{model.replace('.', '_')}_changelist"
    item = {"title": title, "icon": icon, "link": reverse(page)}
    return item | {"badge": str(count)} if count else item
