"""The keys that seal the numbers of payout accounts (payouts.sealing)."""

import os
from base64 import urlsafe_b64encode
from hashlib import sha256


def account_keys(*secret_keys: str, is_production: bool) -> list[str]:
    """Return PAYOUT_ACCOUNT_KEYS, newest first; outside production made of the secret keys."""
    named = [key.strip() for key in os.environ.get("PAYOUT_ACCOUNT_KEYS", "").split(",") if key.strip()]
    if named or is_production:
        return named
    return [
        urlsafe_b64encode(sha256(f"payout accounts {key}".encode()).digest()).decode() for key in secret_keys
    ]
