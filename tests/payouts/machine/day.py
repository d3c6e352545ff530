"""The whole machine, and how it is run: each example in a savepoint of one real database transaction."""

import sys
from collections.abc import Sequence
from unittest import mock

from django.db import connection, transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from payments.gateways import ADAPTERS
from payouts.transfers import WAYS
from tests.payouts.machine.giving import Giving
from tests.payouts.machine.outside import Checkout, Provider
from tests.payouts.machine.paying import Paying
from tests.payouts.machine.recalling import Recalling
from tests.payouts.machine.selling import Selling
from tests.payouts.machine.sending import Sending
from tests.payouts.machine.settling import Settling
from tests.payouts.machine.truths import Truths
from tests.payouts.machine.village import Village

LOOKS = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "PREPARE", "EXECUTE")


class Day(Selling, Recalling, Giving, Settling, Paying, Sending, Truths):
    """A village and its money."""


def run_days(
    people: Village,
    *,
    examples: int,
    steps: int,
    phases: Sequence[Phase] = (Phase.generate,),
) -> None:
    """Run so many examples of so many steps; AssertionError, with the steps, when something is not right."""
    writes: dict[str, bool] = {}
    today: dict[str, Provider] = {}

    def notice(execute, sql, params, many, context):
        if not sql.startswith(LOOKS) or "INSERT" in sql:
            writes["any"] = True
        return execute(sql, params, many, context)

    class OfThisVillage(Day):
        village = people

        def __init__(self):
            self.writes = writes
            self.savepoint = transaction.savepoint()
            super().__init__()
            today["provider"] = self.provider

        def teardown(self):
            try:
                if sys.exc_info()[0] is None:  # no step has failed
                    self.all_is_well_at_last()
            finally:
                transaction.savepoint_rollback(self.savepoint)

    with (
        connection.execute_wrapper(notice),
        mock.patch.dict(WAYS, {"alipay": lambda: today["provider"]}),
        # A program of its own, which a thousand invented days do not start; tests/payments talk to it.
        mock.patch.dict(ADAPTERS, {"sandbox": Checkout}),
        override_settings(PAYOUT_WAYS=["bank", "cash", "alipay"]),
    ):
        run_state_machine_as_test(
            OfThisVillage,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=list(phases),
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
