"""Payout accounts that were checked, and runs, made through the real services."""

import uuid
from datetime import datetime

from accounts.models import User
from payouts.models import PayoutAccount, PayoutRun, PayoutTransfer
from payouts.services.keeping_accounts import AccountFacts, confirm_account, write_account
from payouts.services.running import approve_run, make_run, start_run

FACTS = {
    "bank": AccountFacts("bank", "扎西", "6222021234567890128", "农业银行若尔盖支行", "103225010017"),
    "alipay": AccountFacts("alipay", "扎西", "13800000011"),
    "wechat": AccountFacts("wechat", "扎西", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
    "cash": AccountFacts("cash", "扎西"),
}


def make_account(
    *, payee, writer: User, checker: User, now: datetime, method: str = "bank", **facts
) -> PayoutAccount:
    """Write an account and have another operator check it."""
    account = write_account(
        actor=writer, payee=payee, facts=AccountFacts(**(vars(FACTS[method]) | facts)), reason="会员表",
        now=now,
    )  # fmt: skip
    return confirm_account(actor=checker, account_id=account.pk, reason="身份证", now=now)


def new_run(*, maker: User, now: datetime, **options) -> PayoutRun:
    """Put all that waits into a run."""
    return make_run(actor=maker, idempotency_key=uuid.uuid4(), now=now, **options)[0]


def total_of(run: PayoutRun) -> int:
    """What a checker sees as the sum that can be paid."""
    return sum(run.transfers.filter(status="ready").values_list("amount_fen", flat=True))


def started_run(*, maker: User, checker: User, now: datetime) -> PayoutRun:
    """Make, approve and start a run."""
    run = new_run(maker=maker, now=now)
    approve_run(actor=checker, run_id=run.pk, total_fen=total_of(run), now=now)
    return start_run(actor=maker, run_id=run.pk, now=now)


def transfer_of(run: PayoutRun, **payee) -> PayoutTransfer:
    """Return the transfer of one payee."""
    return run.transfers.get(**{f"payout__statement__{name}": value for name, value in payee.items()})
