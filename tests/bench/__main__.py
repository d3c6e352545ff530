"""`script/bench NAME [options]` runs `tests/bench/NAME.py`, whose `main(arguments)` prints the figures."""

import os
import sys
from importlib import import_module
from pathlib import Path

import django

PARTS = {
    "database",
    "deal_buyers",
    "deal_market",
    "orm_apps",
    "printing",
    "room_app",
    "room_readers",
    "tally_market",
}
NAMES = sorted({file.stem for file in Path(__file__).parent.glob("[a-z]*.py")} - PARTS)


def main(arguments: list[str]) -> int:
    """Run the benchmark that is named first; the others are its options."""
    if not arguments or arguments[0] not in NAMES:
        print(f"script/bench: name one of {', '.join(NAMES)}", file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
    django.setup()
    return import_module(f"tests.bench.{arguments[0]}").main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
