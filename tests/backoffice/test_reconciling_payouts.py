"""What can be wrong between book, tallies and payouts: each is found, a clean week has none."""

from datetime import timedelta

import pytest

from backoffice.comparing import JOBS
from common.clock import utc_now
from ledger.models import LedgerAccount, LedgerEntry
from ledger.services.posting import Posting, post, reverse
from ledger.statuses import Kind, OwnerKind, Purpose
from payouts.models import PayoutStatement, SettlementPeriod
from payouts.services.banking import make_bank_file
from payouts.services.paying import approve_payout, mark_paid
from tests.backoffice.test_reconciling import forge
from tests.factories.payouts import close_week, make_completed, make_live_sale, statement_of
from tests.factories.runs import make_account, started_run, transfer_of
from tests.factories.shops import authorize_shop, make_farmer, make_person, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return utc_now()


@pytest.fixture
def checker(db):
    return make_person(name="复核员", is_staff=True)


@pytest.fixture
def pema(market, arun, mei, now):
    """A second farmer who has sold something, too."""
    pema = make_farmer(village=market.village, name="白玛")
    authorize_shop(farmer=pema, shop=market.shop)
    product = make_product(shop=market.shop, farmer=pema, price_fen=1000)
    make_completed(buyer=arun, seller=mei, variant=product.variants.get(), now=now)
    return pema


@pytest.fixture
def tally(market, arun, mei, now, pema) -> PayoutStatement:
    """Tashi earned 62.56, of which nothing is paid yet; so did others."""
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    return statement_of(close_week(shop=market.shop, now=now), farmer=market.farmer)


def found(*, at=None, jobs=("payouts_tallies", "seals")) -> list[tuple[str, str, str, str]]:
    differences = [one for job in jobs for one in JOBS[job](at or utc_now())]
    return sorted((one.kind, one.subject, one.expected, one.found) for one in differences)


def account_of(farmer) -> int:
    return LedgerAccount.objects.get(purpose="farmer_payable", owner_id=farmer.pk).pk


def test_a_clean_week_has_no_difference_and_neither_has_the_next(
    market, arun, mei, operator, checker, tally, now
):
    assert found() == []
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now)
    approve_payout(actor=operator, payout_id=tally.payout.pk, now=now)
    mark_paid(actor=checker, payout_id=tally.payout.pk, reference="1", now=now)
    assert found() == []
    # After the payout the sale was undone: the debt is carried into the tally after the next.
    sale = LedgerEntry.objects.filter(account=account_of(market.farmer), amount_fen__lt=0).get()
    reverse(transaction_id=sale.transaction_id, memo="returned", now=tally.period.ends_at)
    assert found() == []
    second = close_week(shop=market.shop, now=tally.period.ends_at)
    assert statement_of(second, farmer=market.farmer).net_fen == -6256
    assert found() == []
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=second.ends_at)
    assert found() == []
    third = close_week(shop=market.shop, now=second.ends_at)
    assert statement_of(third, farmer=market.farmer).carried_fen == -6256
    assert found() == []


def test_what_no_tally_can_ever_claim_is_found(market, tally, now):
    post(
        kind=Kind.ADJUSTMENT, key="adjustment:1", source="ledger_adjustment:1", now=now,
        postings=[
            Posting(Purpose.FARMER_PAYABLE, -500, "order:999999", OwnerKind.FARMER, market.farmer.pk),
            Posting(Purpose.PLATFORM_FEE, 500, "order:999999"),
        ],
    )  # fmt: skip

    entry = LedgerEntry.objects.get(source="order:999999", amount_fen=-500)
    assert found() == [("entry_on_no_tally", f"ledger_entry:{entry.pk}", "500", "0")]


def test_what_a_closing_has_missed_is_found(market, tally):
    line = tally.lines.get()
    forge("DELETE FROM payouts_statementline WHERE entry_id = %s", line.pk)
    forge("UPDATE ledger_ledgertransaction SET made_in = '1' WHERE id = %s", line.entry.transaction_id)

    subject = f"payout_statement:{tally.pk}"
    assert found() == [
        ("entry_on_no_tally", f"ledger_entry:{line.pk}", "6256", "0"),
        ("owed", f"farmer:{market.farmer.pk}", "12512", "6256"),
        ("tally_altered", subject, "as sealed", "altered"),
        ("tally_lines", subject, "0", "6256"),
    ]


def test_a_line_of_somebody_else_is_found(market, tally, pema):
    line = tally.lines.get()
    forge("UPDATE ledger_ledgerentry SET account_id = %s WHERE id = %s", account_of(pema), line.entry_id)

    kinds = {(kind, subject, one, other) for kind, subject, one, other in found()}
    subject = f"payout_statement:{tally.pk}"
    assert ("tally_of_somebody_else", subject, str(market.farmer.pk), str(pema.pk)) in kinds
    assert {kind for kind, *_rest in kinds} == {"tally_of_somebody_else", "owed"}


def test_a_payout_that_was_booked_to_a_neighbour_is_found(market, operator, checker, tally, pema, now):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now)
    approve_payout(actor=operator, payout_id=tally.payout.pk, now=now)
    mark_paid(actor=checker, payout_id=tally.payout.pk, reference="1", now=now)

    forge(
        "UPDATE ledger_ledgerentry SET account_id = %s WHERE amount_fen > 0 AND source = %s",
        account_of(pema), f"payout:{tally.payout.pk}",
    )  # fmt: skip

    assert found() == [
        ("owed", f"farmer:{market.farmer.pk}", "0", "6256"),
        ("owed", f"farmer:{pema.pk}", "970", str(970 - 6256)),
    ]


def test_a_tally_that_was_changed_is_found(tally):
    forge("UPDATE payouts_payoutstatement SET payee_name = '别人' WHERE id = %s", tally.pk)

    assert found() == [("tally_altered", f"payout_statement:{tally.pk}", "as sealed", "altered")]


def test_a_closing_that_is_overdue_and_a_transfer_without_an_end_are_found(
    market, operator, checker, tally, now, settings
):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now)
    run = started_run(maker=operator, checker=checker, now=now)
    make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)
    following = SettlementPeriod.objects.get(status="open")
    late = following.ends_at + timedelta(hours=settings.SETTLEMENT_OVERDUE_HOURS)

    assert found(at=now + timedelta(days=6)) == []
    days = (late - now).days
    assert found(at=late) == [
        ("period_overdue", f"settlement_period:{following.pk}", "0", "2"),
        (
            "transfer_never_ends",
            f"payout_transfer:{transfer_of(run, farmer=market.farmer).pk}",
            "0",
            str(days),
        ),
    ]
