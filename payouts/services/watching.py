"""Money that was paid may come back days later: the provider is asked until it hardly does any more."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from common.errors import MarketError
from payouts.models import PayoutTransfer
from payouts.services.transferring import settle_transfer
from payouts.statuses import TransferStatus
from payouts.transfers import MAY_RETURN, get_online_way

logger = logging.getLogger(__name__)

ASK_AGAIN = timedelta(hours=6)


def watch_paid(*, now: datetime) -> int:
    """Ask about transfers that were paid within PAYOUT_WATCH_DAYS, each every six hours; return the returned.

    A silent provider is asked again in six hours, too; the message that it sends by itself is heard at once.
    """
    since = now - timedelta(days=settings.PAYOUT_WATCH_DAYS)
    paid = PayoutTransfer.objects.filter(
        Q(watched_at=None) | Q(watched_at__lte=now - ASK_AGAIN),
        status=TransferStatus.PAID,
        way__in=MAY_RETURN,
        settled_at__gt=since,
        settled_at__lte=now - ASK_AGAIN,
    )
    returned = 0
    for pk, way, reference in paid.order_by("watched_at", "pk").values_list("pk", "way", "reference"):
        # Noted before the question: what cannot be read must not be asked about without end.
        PayoutTransfer.objects.filter(pk=pk).update(watched_at=now)
        try:
            facts = get_online_way(way).query(reference)
            settled = settle_transfer(transfer_id=pk, facts=facts, now=now)
            returned += settled.status == TransferStatus.RETURNED
        except MarketError as error:
            logger.warning("paid transfer %s could not be asked about: %s", pk, error.code)
        except Exception:
            # One that cannot be settled must not keep the others from it.
            logger.exception("paid transfer %s could not be settled", pk)
    return returned
