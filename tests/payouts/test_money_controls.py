"""The machine of money notices faults: in short scripts of its own rules one service is made to do wrong, and
one of its truths, or of its rules' own assertions, says so, by name. Without a fault nothing is found.
"""

from collections.abc import Iterator
from unittest import mock

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from ledger.services import posting
from ledger.statuses import Kind
from livestreams.services import dealing
from orders.services import allocating, pricing, recalling, receiving, returning_shares, sharing
from payments.gateways import ADAPTERS
from payments.services import fulfilling, returning_gifts, settling
from payouts.services import closing, keeping_accounts, paying, questioning, running, transferring
from payouts.transfers import WAYS
from tests.factories.people import make_market
from tests.factories.shops import make_person
from tests.payouts.machine import faults
from tests.payouts.machine.day import Day
from tests.payouts.machine.giving import choose_gifts
from tests.payouts.machine.outside import Checkout
from tests.payouts.machine.selling import buy
from tests.payouts.machine.truths import QUESTIONS, contradictions
from tests.payouts.machine.village import Village, settle_village

pytestmark = pytest.mark.django_db

# On their way when a script begins, in the order in which their lines are counted.
PARCELS = (("plain pool", 3), ("shown barley", 2), ("coupon of the host", 1), ("plain pool", 2))

SALES = (
    ("sell_from_the_shelf", "plain pool", 0),
    ("operator_lets_somebody_bear_it", 0, "farmer", True),
    ("sell_what_the_host_shows", "shown barley", 0),
    ("part_goes_back", 1, 1, 100, True),
    ("part_goes_back", 1, 1, None, True),
    ("money_goes_back_to_buyers",),
    ("sell_with_a_coupon", "coupon of the host", 0),
    ("operator_lets_somebody_bear_it", 1, "carrier", True),
    ("deal_below_the_floor_is_refused", 5_000),
    ("bought_and_not_sent_yet", 65),
    ("buy_anew", "shown barley", 1),
    ("parcel_arrives", 1),
)
# A week of sales, one of refunds only, and one after a debt.
WEEKS = (
    ("sell_from_the_shelf", "plain pool", 0),
    ("sell_what_the_host_shows", "shown barley", 0),
    ("week_ends", 0),
    ("operator_lets_somebody_bear_it", 0, "farmer", True),
    ("week_ends", 0),
    ("sell_from_the_shelf", "plain pool", 0),
    ("week_ends", 0),
)
PAYING = (
    ("sell_from_the_shelf", "plain pool", 0),
    ("sell_what_the_host_shows", "shown barley", 0),
    ("week_ends", 0),
    ("run_is_made", None, 0, 0),
    ("run_is_called_off", 0, 0),
    ("run_is_made", None, 0, 2),
    ("bank_answers", 0, 0, "paid", True),
    ("worker_calls_the_provider", 0, "answer lost"),
    ("worker_calls_the_provider", 0, "paid"),
    ("cash_is_counted_into_a_hand", 0, 0),
    ("money_comes_back", 0, 0, False),
    ("run_is_made", None, 0, 1),
    ("account_is_written_anew", 0, 0, True, "bank"),
)
GIFTS = (
    ("viewer_gives", 0),
    ("gift_is_paid_too_late", 0),
    ("viewer_gives", 0),
    ("week_ends", 0),
    ("gift_goes_back", 0, 1),
    ("givers_have_their_money_back",),
    ("viewer_gives", 0),
    ("week_ends", 0),
)
# A payee asks about a tally of theirs, and the market answers.
TALK = (
    ("sell_from_the_shelf", "plain pool", 0),
    ("week_ends", 0),
    ("payee_asks", 0, "少了一箱"),
    ("market_answers", 0),
)
RECALL = (
    ("bought_and_not_sent_yet", 3),
    ("sell_from_the_shelf", "plain pool", 0),
    ("lot_is_called_back", 0, True),
    ("money_goes_back_to_buyers",),
)

SCRIPTS = {
    "sales": SALES, "weeks": WEEKS, "paying": PAYING, "gifts": GIFTS, "talk": TALK, "recall": RECALL,
}  # fmt: skip

# What is wrong: the service, what it does instead, the script, and who has to notice it.
FAULTS = {
    "a refund is booked against the till": (
        returning_shares, "_postings", faults.refund_from_the_till, SALES,
        "money of buyers that the book does not hold for them until it is shared out or sent back",
    ),
    "a case is posted as often as somebody looks": (
        returning_shares, "post", faults.under_a_fresh_key, SALES,
        "money of buyers that the book does not hold for them until it is shared out or sent back",
    ),
    "the carrier's loss is taken from the shop": (
        returning_shares, "_owner_of_loss", faults.nobody, SALES,
        "a refund that somebody else bears than the case says",
    ),
    "each case takes the whole commission back": (
        returning_shares, "_parts_of", faults.all_of_every_commission, SALES,
        "a case that took more from anybody than the sale gave",
    ),
    "a farmer of a pool bears the neighbour's part": (
        returning_shares, "return_postings", faults.each_for_the_next, SALES,
        "a farmer of a pool who bears another part than that of the lots",
    ),
    "a farmer of a pool gets the neighbour's part": (
        receiving, "freeze_shares", faults.each_for_the_next, SALES,
        "a farmer of a pool who got another part than the lots say",
    ),
    "a farmer of a pool gets two fen of a neighbour": (
        sharing, "shares_of", faults.two_fen_for_the_neighbour, SALES,
        "a farmer of a pool whose part is further from the units than a fen",
    ),
    "a lot gives a unit less than was paid": (
        allocating.lots, "take_shares", faults.one_unit_too_few, SALES,
        "a lot that has other units than its buyers left, or a pool with another stock than its lots",
    ),
    "the market pays everybody's coupons": (
        receiving, "cost_postings", faults.paid_by_the_market, SALES,
        "a coupon that somebody else pays than it names",
    ),
    "the farmer pays the coupon": (
        receiving, "cost_postings", faults.paid_by_the_farmer, SALES,
        "a farmer who was sold below the floor, or who paid for somebody's coupon",
    ),
    "a case fines the farmer": (
        returning_shares, "_line_postings", faults.with_a_fine, SALES,
        "a line whose farmer lost more by cases than the sale brought",
    ),
    "what is taken of one lot is written down for the other": (
        allocating, "LotAllocation", faults.of_the_other_lot, SALES,
        "units of a lot that are promised more than once",
    ),
    "a line gets a unit less than was paid": (
        allocating, "_take", faults.all_but_one_unit, SALES,
        "a paid line of a pool whose lots are not its units",
    ),
    "an entry is lost": (
        posting, "LedgerEntry", faults.without_the_last_entry, SALES, "a transaction that does not balance",
    ),
    "a cached balance stands still": (
        posting, "_move_balances", faults.nothing, SALES,
        "a cached balance that is not the sum of its entries",
    ),
    "no deal is below the floor": (
        dealing, "_check_price", faults.nothing, SALES, "deal_below_the_floor_is_refused",
    ),
    "the room sells below the floor": (
        pricing, "read_source", faults.far_too_cheap, SALES,
        "a farmer who was sold below the floor, or who paid for somebody's coupon",
    ),
    "a closing skips a line": (closing, "gather_claims", faults.without_the_last_line, WEEKS, "week_ends"),
    "a debt is not carried": (closing, "known_payees", faults.without_debts, WEEKS, "week_ends"),
    "a tally is a fen more than its lines": (
        closing, "write_statement", faults.a_fen_more, WEEKS, "a tally that is not its lines, kind by kind",
    ),
    "two farmers' tallies have each other's lines": (
        closing, "gather_claims", faults.with_lines_of_the_neighbour, WEEKS,
        "a line of a tally that is not its entry, or of somebody else",
    ),
    "a run that is called off keeps its payouts": (
        running, "OPEN_TRANSFERS", faults.none_at_all, PAYING,
        "a payout that is in two runs at once, or is approved and in a run that nobody approved",
    ),
    "a payout is booked to the neighbour": (
        transferring, "postings_of", faults.from_the_neighbours_account, PAYING,
        "an account whose balance is not what tallies left unpaid and what is on no tally yet",
    ),
    "a payout is not booked": (
        transferring, "post", faults.never(Kind.PAYOUT), PAYING,
        "a payout that is called paid and was not, or was and is not called so",
    ),
    "a payout is booked twice": (
        transferring, "post", faults.posted_twice(Kind.PAYOUT), PAYING,
        "a payout for which another sum has left than bank, provider and till know",
    ),
    "money that came back is booked twice": (
        paying, "post", faults.posted_twice(Kind.PAYOUT_RETURNED), PAYING,
        "a payout for which another sum has left than bank, provider and till know",
    ),
    "a retry is another transfer": (
        transferring, "wish_of", faults.under_a_fresh_number, PAYING, "worker_calls_the_provider",
    ),
    "a changed account is paid all the same": (
        keeping_accounts, "return_to_review", faults.nothing, PAYING, "account_is_written_anew",
    ),
    "a recall forgets a buyer": (
        recalling, "bought_of", faults.all_but_the_last, RECALL, "lot_is_called_back",
    ),
    "a gift is all the host's": (
        fulfilling, "shares_of", faults.all_for_the_host, GIFTS,
        "a gift of which its host has another part than the list promised",
    ),
    "a gift that goes back stays with the host": (
        returning_gifts, "shares_of", faults.nobody_of, GIFTS,
        "a gift of which its host has another part than the list promised",
    ),
    "a gift that came too late is given": (
        settling, "fulfil", faults.whatever_it_is, GIFTS, "gift_is_paid_too_late",
    ),
    "a gift is on no tally": (closing, "gather_claims", faults.without_gifts, GIFTS, "week_ends"),
    "an answer writes another name on the tally": (
        questioning, "tell_answered", faults.with_another_name, TALK, "tallies_are_as_they_were",
    ),
    "an answer writes another order on a line": (
        questioning, "tell_answered", faults.with_another_order, TALK, "all_is_well_at_last",
    ),
    "a recall gives no money": (recalling, "give_back", faults.nothing, RECALL, "lot_is_called_back"),
}  # fmt: skip


@pytest.fixture(scope="module")
def people(django_db_setup, django_db_blocker) -> Iterator[Village]:
    """One village for all faults: each is tried in a savepoint of its transaction."""
    with django_db_blocker.unblock(), transaction.atomic():
        village = settle_village(make_market(mei=make_person(), zhuoma=make_person(), arun=make_person()))
        for kind, units in PARCELS:
            sent = [order.pk for order in buy(village, kind, units)]
            village.parcels.setdefault(kind, []).extend(sent)
        choose_gifts(village, 4)
        yield village
        transaction.set_rollback(True)


@pytest.fixture
def day(people, db, valkey) -> Iterator[Day]:
    """A day of this village; at its end nothing has happened."""

    class OfThisVillage(Day):
        village = people

    savepoint = transaction.savepoint()
    today = OfThisVillage()
    with (
        mock.patch.dict(WAYS, {"alipay": lambda: today.provider}),
        # A program of its own, which a thousand invented days do not start; tests/payments talk to it.
        mock.patch.dict(ADAPTERS, {"sandbox": Checkout}),
        override_settings(PAYOUT_WAYS=["bank", "cash", "alipay"]),
    ):
        yield today
    transaction.savepoint_rollback(savepoint)


def noticed(day: Day, script) -> set[str]:
    """Run a script until something is not right; return the truths, and the rule, that say so."""
    for rule, *given in script:
        found = (
            said(day, rule, *given) | set(contradictions(day.left)) | said(day, "tallies_are_as_they_were")
        )
        if found:
            return found
    return said(day, "all_is_well_at_last")


def said(day: Day, name: str, *given) -> set[str]:
    """Do something; its name when that is not as it should be."""
    try:
        getattr(day, name)(*given)
    except AssertionError:
        return {name}
    return set()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_notices_that(day, monkeypatch, fault):
    module, name, change, script, truth = FAULTS[fault]
    monkeypatch.setattr(module, name, change(getattr(module, name)))

    assert truth in noticed(day, script)


def test_every_truth_can_fail():
    assert set(QUESTIONS) <= {truth for *_fault, truth in FAULTS.values()}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_nothing_is_noticed_where_nothing_is_wrong(day, script):
    for step in script:
        with CaptureQueriesContext(connection) as queries:
            assert noticed(day, [step]) == set()
        # Each step does something: a rule that finds nothing to do proves nothing.
        wrote = any(query["sql"].startswith(("INSERT", "UPDATE")) for query in queries)
        assert wrote != step[0].endswith("_is_refused"), step
    day.all_is_well_at_last()
