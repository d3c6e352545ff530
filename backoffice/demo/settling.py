"""Last week is settled: tallies for who earned, one of them paid, and a run that waits to be checked."""

from collections.abc import Iterator
from datetime import timedelta

from backoffice.demo.cast import Cast
from backoffice.demo.people import DEMO_SHOPS
from backoffice.demo.steps import Steps, key_of
from notifications.selectors import inbox_of
from notifications.services.reading import mark_read
from payouts.models import Payout, SettlementPeriod
from payouts.services.closing import close_period
from payouts.services.keeping_accounts import AccountFacts, confirm_account, write_account
from payouts.services.paying import approve_payout, mark_paid
from payouts.services.running import make_run

APPROVER, PAYER = "operator", "cashier"
PAID_FARMER, APPROVED_FARMER = "tashi", "dolma"
SLIP = "转账回单 001"
CARDS = {
    "tashi": AccountFacts("bank", "扎西", "6217000000000000512", "农村信用社"),
    "dolma": AccountFacts("bank", "央金卓嘎", "6217000000000000256", "农村信用社"),
}
CLOSED_AFTER = timedelta(minutes=5)


def settle_last_week(steps: Steps) -> Iterator[str]:
    """Close the last period of each shop; approve two payouts and pay one of them."""
    cast = Cast(steps)
    for shop in DEMO_SHOPS:
        steps.once(f"settle {shop.key}", lambda key=shop.key: _close(steps, cast, key))
    yield "last week is settled"

    def pay() -> None:
        for share, key in ((0.3, APPROVED_FARMER), (0.31, PAID_FARMER)):
            _check_card(steps, cast, key)
            payout = Payout.objects.filter(statement__farmer=cast.farmer(key)).earliest("pk")
            approve_payout(
                actor=cast.user(APPROVER), payout_id=payout.pk, now=steps.calendar.this_week_at(share)
            )
        mark_paid(
            actor=cast.user(PAYER),
            payout_id=payout.pk,
            reference=SLIP,
            now=steps.calendar.this_week_at(0.35),
        )

    steps.once("payout", pay)
    yield "a farmer is paid"
    steps.once("payout run", lambda: _put_a_run_together(steps, cast))
    yield "a payout run waits for its checker"


def read_old_mail(steps: Steps) -> None:
    """Let people have read what they were told before this week."""
    cast, until = Cast(steps), steps.calendar.this_week

    def read() -> None:
        for key in ("mei", "zhuoma", "arun", "zoya"):
            user = cast.user(key)
            old = inbox_of(user).filter(created_at__lt=until).values_list("pk", flat=True)
            mark_read(user=user, ids=list(old), now=until)

    steps.once("old mail", read)


def _check_card(steps: Steps, cast: Cast, key: str) -> None:
    at = steps.calendar.this_week_at
    written = write_account(
        actor=cast.user(PAYER), payee=cast.farmer(key), facts=CARDS[key], reason="入社登记表", now=at(0.28)
    )
    confirm_account(
        actor=cast.user(APPROVER), account_id=written.pk, reason="身份证和银行卡已看", now=at(0.29)
    )


def _put_a_run_together(steps: Steps, cast: Cast) -> None:
    """Write accounts of a host, a shop and a farmer, check two of them, and make the run of this week."""
    at = steps.calendar.this_week_at
    accounts = (
        (
            cast.host(),
            AccountFacts("bank", "卓玛", "6222020000000001024", "农业银行若尔盖县支行", "103225010017"),
        ),
        (cast.shop(DEMO_SHOPS[0].key), AccountFacts("bank", "云岭合作社", "6217000000000002048", "建设银行")),
        (cast.farmer(PAID_FARMER), AccountFacts("cash", "扎西")),
    )
    for share, (payee, facts) in enumerate(accounts):
        written = write_account(
            actor=cast.user(PAYER),
            payee=payee,
            facts=facts,
            reason="入社登记表",
            now=at(0.4 + share / 100),
        )
        if facts.method == "bank":
            confirm_account(
                actor=cast.user(APPROVER), account_id=written.pk, reason="身份证和银行卡已看", now=at(0.45)
            )
    make_run(actor=cast.user(PAYER), idempotency_key=key_of("payout run"), now=at(0.5), note="上周货款")


def _close(steps: Steps, cast: Cast, key: str) -> None:
    period = SettlementPeriod.objects.get(shop=cast.shop(key), starts_at=steps.calendar.last_week)
    close_period(period=period, now=period.ends_at + CLOSED_AFTER)
