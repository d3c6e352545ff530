"""Accounts of the book that a person may read: their own as farmer, host or shop owner; operators all."""

from django.db.models import Q, QuerySet

from accounts.models import User
from common.errors import NotFound
from ledger.models import LedgerAccount
from ledger.statuses import OwnerKind
from payouts.selectors.claims import PAYABLE
from shops.models import Farmer, Host, Shop


def list_visible_accounts(*, user: User) -> QuerySet:
    """Return the accounts on which the market owes the person something; to operators every account."""
    if user.is_staff and user.has_perm("ledger.view_ledgeraccount"):
        return LedgerAccount.objects.order_by("pk")
    owned = (
        Q(owner_kind=OwnerKind.FARMER, owner_id__in=Farmer.objects.filter(user=user).values("pk"))
        | Q(owner_kind=OwnerKind.HOST, owner_id__in=Host.objects.filter(user=user).values("pk"))
        | Q(owner_kind=OwnerKind.SHOP, owner_id__in=Shop.objects.for_owner(user).values("pk"))
    )
    return LedgerAccount.objects.filter(owned, purpose__in=PAYABLE).order_by("pk")


def get_visible_account(*, user: User, account_id: int) -> LedgerAccount:
    """Return one of them, else NotFound."""
    account = list_visible_accounts(user=user).filter(pk=account_id).first()
    if account is None:
        raise NotFound()
    return account
