"""Whatever is sold, given back, recalled, settled, corrected, sent and sent back in whatever order, the book
balances after every step, every tally is the sum of what the book owes its payee for the period, and nobody
is paid twice.

MONEY_EXAMPLES and MONEY_STEPS ask for more (1000 and 100 before a release), MONEY_SHRINK for the shortest
failing run. The state is real PostgreSQL, each example in a savepoint.
"""

import os

import pytest
from hypothesis import Phase

from tests.payouts.machine.day import run_days
from tests.payouts.machine.giving import choose_gifts
from tests.payouts.machine.selling import send_parcels
from tests.payouts.machine.village import settle_village

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "200"))
STEPS = int(os.environ.get("MONEY_STEPS", "50"))


@pytest.mark.long
def test_every_fen_is_somewhere_after_every_step(market, valkey):
    people = settle_village(market)
    send_parcels(people)
    choose_gifts(people)

    shrink = [Phase.shrink] if "MONEY_SHRINK" in os.environ else []
    run_days(people, examples=EXAMPLES, steps=STEPS, phases=[Phase.generate, *shrink])
