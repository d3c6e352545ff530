"""What must be true before the market opens: tables are there, and a demo has its village. Idempotent."""

import os
from io import StringIO

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    """Check, so that what is wrong is said once and first; migrate; in a demo, seed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
    django.setup()
    call_command("check", stdout=StringIO())
    call_command("migrate", verbosity=0, interactive=False)
    if settings.MARKET_MODE == "demo":
        # Browser tests need a village, not its large pictures.
        call_command("seed_village", verbosity=1, small=os.environ.get("MARKET_SMALL_DEMO") == "1")


if __name__ == "__main__":
    main()
