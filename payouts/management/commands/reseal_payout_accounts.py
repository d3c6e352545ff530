"""Seal the numbers of payout accounts with the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.clock import utc_now
from payouts.errors import AccountUnreadable
from payouts.services.resealing import reseal_accounts


class Command(BaseCommand):
    """Run it after a new key was put first in PAYOUT_ACCOUNT_KEYS; then the old one may go."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many were sealed anew."""
        try:
            count = reseal_accounts(now=utc_now())
        except AccountUnreadable as refusal:
            raise CommandError("An account is sealed with a key that PAYOUT_ACCOUNT_KEYS lacks.") from refusal
        self.stdout.write(f"{count} account numbers sealed with the newest key.")
