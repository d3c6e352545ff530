"""Reading a balance that must not move until something is posted on it."""

from django.db import transaction

from ledger.models import LedgerAccount
from ledger.selectors import summed_balance


@transaction.atomic
def lock_balance(*, purpose: str, owner_kind: str = "system", owner_id: int = 0) -> int:
    """Lock an account and return its balance in fen, 0 when it was never used.

    Only for those who lock it too: a posting on a system account does not wait. The last lock of rules.md 2.
    """
    named = {"purpose": purpose, "owner_kind": owner_kind, "owner_id": owner_id}
    account = LedgerAccount.objects.select_for_update().filter(**named).first()
    return summed_balance(account) if account is not None else 0
