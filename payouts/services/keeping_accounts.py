"""Payout accounts: written by one operator, checked with the payee's identity by another, kept as history.

Lock order from here on: account → run → transfers by pk → payouts by pk → the book (rules.md 2).
"""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.masking import mask_email, mask_phone
from payouts.errors import OtherCheckerNeeded
from payouts.models import PayoutAccount, PayoutAccountVersion
from payouts.sealing import seal
from payouts.selectors.payability import payee_of
from payouts.services.reviewing import return_to_review
from payouts.services.telling import tell_account_changed
from payouts.statuses import PayoutAccountStatus, PayoutMethod, Problem
from shops.models import Farmer, Host, Shop

_BANK_CARD = re.compile(r"[0-9]{8,32}")
_BANK_CODE = re.compile(r"[0-9]{12}")
_ALIPAY = re.compile(r"1[0-9]{10}|2088[0-9]{12}|[^@\s|]{1,60}@[^@\s|]{1,60}")
_OPENID = re.compile(r"[0-9A-Za-z_-]{6,64}")
_PLAIN = re.compile(r"[^|\x00-\x1f\x7f]*")
OWNERS = {Farmer: "farmer_id", Host: "host_id", Shop: "payee_shop_id"}


@dataclass(frozen=True)
class AccountFacts:
    """Where money should go: `detail` is the card's number, the Alipay name or the WeChat openid."""

    method: str
    holder: str
    detail: str = ""
    bank_name: str = ""
    bank_code: str = ""


@transaction.atomic
def write_account(
    *, actor: User, payee: Farmer | Host | Shop, facts: AccountFacts, reason: str, now: datetime
) -> PayoutAccount:
    """Write where a payee's money goes from now on; another operator has to check it before money goes there.

    What was approved for the account before returns to review; the payee is told. NotAllowed, Invalid.
    """
    _check_operator(actor)
    facts, reason = _checked(facts), _checked_reason(reason)
    owner = {OWNERS[type(payee)]: payee.pk}
    account, _is_new = PayoutAccount.objects.get_or_create(**owner)
    account = PayoutAccount.objects.select_for_update().get(pk=account.pk)
    last = account.versions.order_by("-number").first()
    before = _audited(account)
    account.current = PayoutAccountVersion.objects.create(
        account=account,
        number=last.number + 1 if last else 1,
        method=facts.method,
        holder=facts.holder,
        detail=seal(facts.detail),
        bank_name=facts.bank_name,
        bank_code=facts.bank_code,
        reason=reason,
        written_by=actor,
        written_at=now,
    )
    account.method, account.holder, account.detail_masked = facts.method, facts.holder, masked(facts)
    account.status = PayoutAccountStatus.PENDING
    account.verified_at = account.verified_by = None
    account.save(
        update_fields=[
            "method", "holder", "detail_masked", "status", "current", "verified_at", "verified_by",
        ]
    )  # fmt: skip
    return_to_review(account=account, problem=Problem.ACCOUNT_CHANGED, actor=actor, now=now)
    _audit(actor, "payouts.write_account", account, before, reason, now)
    tell_account_changed(account=account, now=now)
    return account


@transaction.atomic
def confirm_account(*, actor: User, account_id: int, reason: str, now: datetime) -> PayoutAccount:
    """Confirm that account and identity were checked; how is kept as the reason. Money may go there now.

    NotAllowed, NotFound, Invalid, MoveRefused; OtherCheckerNeeded for who wrote it.
    """
    account = _locked(actor, account_id)
    reason = _checked_reason(reason)
    if account.current is None or (account.status == PayoutAccountStatus.ACTIVE and account.verified_at):
        raise MoveRefused()
    if account.current.written_by_id == actor.pk:
        raise OtherCheckerNeeded()
    before = _audited(account)
    account.status, account.verified_at, account.verified_by = PayoutAccountStatus.ACTIVE, now, actor
    account.save(update_fields=["status", "verified_at", "verified_by"])
    _audit(actor, "payouts.confirm_account", account, before, reason, now)
    return account


@transaction.atomic
def restrict_account(*, actor: User, account_id: int, reason: str, now: datetime) -> PayoutAccount:
    """Stop money from going to an account; what was approved returns to review. Repeating is refused."""
    account = _locked(actor, account_id)
    reason = _checked_reason(reason)
    if account.status == PayoutAccountStatus.RESTRICTED:
        raise MoveRefused()
    before = _audited(account)
    account.status = PayoutAccountStatus.RESTRICTED
    account.save(update_fields=["status"])
    return_to_review(account=account, problem=Problem.RESTRICTED, actor=actor, now=now)
    _audit(actor, "payouts.restrict_account", account, before, reason, now)
    return account


def masked(facts: AccountFacts) -> str:
    """Return what people may see of an account."""
    detail = facts.detail
    if facts.method == PayoutMethod.CASH:
        return ""
    if facts.method == PayoutMethod.ALIPAY:
        return mask_email(detail) if "@" in detail else mask_phone(detail)
    return f"{detail[:4]} **** {detail[-4:]}"


def _checked(facts: AccountFacts) -> AccountFacts:
    holder, detail = " ".join(facts.holder.split()), "".join(facts.detail.split())
    bank_name, bank_code = " ".join(facts.bank_name.split()), facts.bank_code.strip()
    wrong = []
    if facts.method not in PayoutMethod.values:
        wrong.append("method")
    if not 0 < len(holder) <= 60 or not _PLAIN.fullmatch(holder):
        wrong.append("holder")
    patterns = {
        PayoutMethod.BANK: _BANK_CARD, PayoutMethod.ALIPAY: _ALIPAY, PayoutMethod.WECHAT: _OPENID,
    }  # fmt: skip
    if facts.method in patterns and not patterns[PayoutMethod(facts.method)].fullmatch(detail):
        wrong.append("detail")
    if facts.method == PayoutMethod.BANK:
        if not 0 < len(bank_name) <= 60 or not _PLAIN.fullmatch(bank_name):
            wrong.append("bank_name")
        if bank_code and not _BANK_CODE.fullmatch(bank_code):
            wrong.append("bank_code")
    else:
        bank_name = bank_code = ""
    if wrong:
        raise Invalid(fields=dict.fromkeys(wrong, Invalid.message))
    detail = "" if facts.method == PayoutMethod.CASH else detail
    return AccountFacts(facts.method, holder, detail, bank_name, bank_code)


def _check_operator(actor: User) -> None:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()


def _checked_reason(reason: str) -> str:
    reason = " ".join(reason.split())[:200]
    if not reason:
        raise Invalid(fields={"reason": Invalid.message})
    return reason


def _locked(actor: User, account_id: int) -> PayoutAccount:
    _check_operator(actor)
    found = PayoutAccount.objects.select_for_update(of=["self"]).select_related("current")
    account = found.filter(pk=account_id).first()
    if account is None:
        raise NotFound()
    return account


def _audited(account: PayoutAccount) -> dict:
    return {
        "status": account.status,
        "method": account.method,
        "version": account.current.number if account.current else 0,
    }


def _audit(
    actor: User, action: str, account: PayoutAccount, before: dict, reason: str, now: datetime
) -> None:
    field, pk = payee_of(account)
    record(
        actor=actor_of(actor),
        action=action,
        target=f"payoutaccount:{account.pk}",
        before=before,
        after=_audited(account) | {field: pk},
        reason=reason,
        now=now,
    )
