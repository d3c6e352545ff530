"""Whatever is sold, given back, settled, corrected and paid in whatever order, the book balances after every
step, every tally is the sum of what the book owes its payee for the period, and nobody is paid twice.

MONEY_EXAMPLES and MONEY_STEPS ask for more (1000 and 100 before a release), MONEY_SHRINK for the shortest
failing run. The state is real PostgreSQL, each example in a savepoint.
"""

import os
import sys

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.payouts.machine.paying import Paying
from tests.payouts.machine.selling import Selling, send_parcels
from tests.payouts.machine.settling import Settling
from tests.payouts.machine.truths import Truths
from tests.payouts.machine.village import settle_village

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "200"))
STEPS = int(os.environ.get("MONEY_STEPS", "50"))


class Day(Selling, Settling, Paying, Truths):
    """A village and its money."""


def test_every_fen_is_somewhere_after_every_step(market, valkey):
    people = settle_village(market)
    send_parcels(people)
    writes: dict[str, bool] = {}

    def notice(execute, sql, params, many, context):
        if not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")) or "INSERT" in sql:
            writes["any"] = True
        return execute(sql, params, many, context)

    class OfThisVillage(Day):
        village = people

        def __init__(self):
            self.writes = writes
            self.savepoint = transaction.savepoint()
            super().__init__()

        def teardown(self):
            try:
                if sys.exc_info()[0] is None:  # no step has failed
                    self.all_is_well_at_last()
            finally:
                transaction.savepoint_rollback(self.savepoint)

    with connection.execute_wrapper(notice):
        run_state_machine_as_test(
            OfThisVillage,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=[Phase.generate, *([Phase.shrink] if "MONEY_SHRINK" in os.environ else [])],
                suppress_health_check=list(HealthCheck),
            ),
        )
