"""After a new key was put first, everything sealed with an older one is sealed anew."""

from datetime import datetime

from django.db import connection, transaction

from common.audit import actor_of, record
from payouts.models import PayoutAccountVersion
from payouts.sealing import newest_prefix, seal, unseal

AT_ONCE = 500


def reseal_accounts(*, now: datetime) -> int:
    """Seal account numbers with the newest key, some hundreds in a transaction; return how many.

    AccountUnreadable for one whose key is not in settings.PAYOUT_ACCOUNT_KEYS: those before it are done.
    """
    done = 0
    while moved := _some(now):
        done += moved
    return done


@transaction.atomic
def _some(now: datetime) -> int:
    old = PayoutAccountVersion.objects.exclude(detail="").exclude(detail__startswith=newest_prefix())
    found = list(old.select_for_update().order_by("pk").values_list("pk", "detail")[:AT_ONCE])
    if not found:
        return 0
    with connection.cursor() as cursor:
        # The guard lets nothing else than the seal of a version change, and that only here.
        cursor.execute("SET LOCAL payouts.resealing = 'on'")
        for pk, detail in found:
            PayoutAccountVersion.objects.filter(pk=pk).update(detail=seal(unseal(detail)))
        cursor.execute("SET LOCAL payouts.resealing = 'off'")
    record(
        actor=actor_of(None),
        action="payouts.reseal_accounts",
        target="payoutaccountversion:*",
        after={"versions": len(found), "from": found[0][0], "to": found[-1][0]},
        now=now,
    )
    return len(found)
