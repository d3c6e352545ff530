"""The bank's file and the bank's answer, carried by people."""

import csv
import io

import pytest

from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from ledger.models import LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from payouts.errors import BadAnswerFile, NothingToPay
from payouts.models import Payout, PayoutRun, PayoutStatement
from payouts.services.banking import make_bank_file, take_bank_answer
from payouts.services.keeping_accounts import write_account
from payouts.services.running import approve_run
from payouts.transfers.bank_file import as_csv
from payouts.transfers.base import Wish
from tests.factories.runs import FACTS, make_account, new_run, started_run, total_of, transfer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(market, tallies, farmer_account, operator, checker, now) -> PayoutRun:
    """The farmer (62.56) and the host (3.40) have cards; the shop has none."""
    make_account(
        payee=market.host, writer=operator, checker=checker, now=now, holder="卓玛", bank_name="建设银行"
    )
    return started_run(maker=operator, checker=checker, now=now)


def answer(*rows, head="流水号,金额,结果,说明,银行流水号", encoding="utf-8-sig") -> bytes:
    return "\r\n".join([head, *(",".join(row) for row in rows)]).encode(encoding)


def states(run) -> list[str]:
    return list(run.transfers.exclude(status="left_out").order_by("pk").values_list("status", flat=True))


def written(run) -> list:
    return list(run.transfers.exclude(status="left_out").order_by("pk"))


def test_the_table_for_the_bank(run, operator, now):
    made = make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)

    assert made.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(made.content.decode("utf-8-sig"))))
    farmer = next(one for one in written(run) if one.amount_fen == 6256)
    assert rows[0] == ["流水号", "户名", "账号", "开户行", "行号", "金额", "用途"]
    assert [farmer.reference, "扎西", "6222021234567890128\t", "农业银行若尔盖支行", "103225010017", "62.56",
            f"货款 {farmer.payout.statement.code}"] in rows  # fmt: skip
    assert len(rows) == 3
    assert states(run) == ["sending", "sending"]
    run.refresh_from_db()
    assert run.file_made_at == now
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_no_cell_of_the_table_runs_as_a_formula(now):
    wish = Wish(
        "P1", 100, '=HYPERLINK("http://x")', "+8613800000000", "@SUM(1)", bank_name="－1", bank_code=""
    )

    made = as_csv(7, now, [wish])

    cells = list(csv.reader(io.StringIO(made.content.decode("utf-8-sig"))))[1]
    assert cells[:4] == ["P1", '\'=HYPERLINK("http://x")', "'+8613800000000\t", "'－1"]
    assert cells[6] == "'@SUM(1)"


def test_the_batch_file_of_minsheng_bank(run, operator, now):
    made = make_bank_file(actor=operator, run_id=run.pk, layout="cmbc", now=now)

    lines = made.content.decode("gbk").split("\r\n")
    total = sum(one.amount_fen for one in written(run))
    farmer = next(one for one in written(run) if one.amount_fen == 6256)
    assert lines[0] == f"PO|2|{total}"
    assert (
        f"{farmer.reference}|6222021234567890128|扎西|103225010017|农业银行若尔盖支行|6256|货款|"
        f"货款 {farmer.payout.statement.code}"
    ) in lines
    assert (lines[-1], len(lines)) == ("########", 4)
    assert made.name == f"req_outer_{now:%Y%m%d}_{run.pk % 1000:03d}.txt"


def test_without_a_bank_code_the_batch_file_is_refused(market, tallies, operator, checker, now):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, bank_code="")
    run = started_run(maker=operator, checker=checker, now=now)

    with pytest.raises(Invalid):
        make_bank_file(actor=operator, run_id=run.pk, layout="cmbc", now=now)

    run.refresh_from_db()
    assert (run.file_made_at, states(run)) == (None, ["ready"])
    assert not AuditEntry.objects.filter(action="payouts.make_bank_file").exists()


def test_asked_again_the_file_is_the_same_whatever_came_of_it(run, operator, now):
    first = make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)
    paid = written(run)[0]
    take_bank_answer(
        actor=operator, run_id=run.pk, now=now,
        content=answer([paid.reference, f"{paid.amount_fen / 100:.2f}", "成功", "", "B1"]),
    )  # fmt: skip

    again = make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)

    assert again == first
    assert AuditEntry.objects.filter(action="payouts.make_bank_file").count() == 2


def test_an_account_changed_before_the_file_is_not_in_it(market, run, operator, checker, now):
    write_account(actor=checker, payee=market.farmer, facts=FACTS["cash"], reason="lost", now=now)

    made = make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)

    assert "6222021234567890128" in made.content.decode()  # the host's, who has the same card in this test
    assert len(made.content.decode().strip().splitlines()) == 2
    assert transfer_of(run, farmer=market.farmer).status == "left_out"


def test_no_file_before_the_start_and_for_nobody_else(
    market, tallies, farmer_account, operator, checker, mei, now
):
    run = new_run(maker=operator, now=now)
    with pytest.raises(MoveRefused):
        make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)
    approve_run(actor=checker, run_id=run.pk, total_fen=total_of(run), now=now)
    with pytest.raises(MoveRefused):
        make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)
    with pytest.raises(MoveRefused):
        take_bank_answer(
            actor=operator, run_id=run.pk, content=answer(["P1234567", "1", "成功", "", ""]), now=now
        )
    with pytest.raises(NotAllowed):
        make_bank_file(actor=mei, run_id=run.pk, layout="csv", now=now)
    with pytest.raises(NotFound):
        make_bank_file(actor=operator, run_id=0, layout="csv", now=now)
    with pytest.raises(Invalid):
        make_bank_file(actor=operator, run_id=run.pk, layout="exe", now=now)

    assert states(run) == ["ready"]


def test_a_run_without_a_card_has_no_file(market, tallies, operator, checker, now):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method="cash")
    run = started_run(maker=operator, checker=checker, now=now)

    with pytest.raises(NothingToPay):
        make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)


def test_a_run_of_which_no_card_may_be_paid_any_more_ends_and_says_so(run, operator, now):
    PayoutStatement.objects.filter(payout__transfers__in=written(run)).update(status="disputed")

    with pytest.raises(NothingToPay):
        make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)

    run.refresh_from_db()
    assert (run.status, run.ended_at, run.file_made_at) == ("done", now, None)
    assert set(run.transfers.values_list("status", flat=True)) == {"left_out"}
    assert set(Payout.objects.values_list("status", "approved_by")) == {("pending", None)}
    assert AuditEntry.objects.filter(action="payouts.end_run").count() == 1
    assert not AuditEntry.objects.filter(action="payouts.make_bank_file").exists()
    with pytest.raises(NothingToPay):
        make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)
    assert AuditEntry.objects.filter(action="payouts.end_run").count() == 1
    assert new_run(maker=operator, now=now).transfers.count() == 3


def test_cash_that_is_due_keeps_a_run_open_whose_cards_may_not_be_paid(
    market, tallies, farmer_account, operator, checker, now
):
    make_account(payee=market.host, writer=operator, checker=checker, now=now, method="cash")
    run = started_run(maker=operator, checker=checker, now=now)
    card, cash = transfer_of(run, farmer=market.farmer), transfer_of(run, host=market.host)
    PayoutStatement.objects.filter(payout=card.payout_id).update(status="disputed")

    with pytest.raises(NothingToPay):
        make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)

    for one in (run, card, cash):
        one.refresh_from_db()
    assert (run.status, run.file_made_at) == ("sending", None)
    assert (card.status, card.problem, cash.status) == ("left_out", "disputed", "ready")
    assert (card.payout.status, cash.payout.status) == ("pending", "processing")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk"])
def test_the_answer_is_taken_in_row_by_row(market, run, operator, checker, now, encoding):
    make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)
    farmer, host = transfer_of(run, farmer=market.farmer), transfer_of(run, host=market.host)
    content = answer(
        [farmer.reference, "62.56", "成功", "", "CMBC0001"],
        [host.reference, f"{host.amount_fen / 100:.2f}", "失败", "户名不符", ""],
        encoding=encoding,
    )

    report = take_bank_answer(actor=operator, run_id=run.pk, content=content, now=now)

    assert (report.paid, report.failed, report.faults) == (1, 1, [])
    farmer.refresh_from_db()
    host.refresh_from_db()
    assert (farmer.status, farmer.provider_reference) == ("paid", "CMBC0001")
    assert (host.status, host.last_error, host.payout.status) == ("failed", "户名不符", "failed")
    payout = Payout.objects.get(pk=farmer.payout_id)
    assert (payout.status, payout.paid_by, payout.approved_by) == ("paid", operator, checker)
    posted = LedgerTransaction.objects.get(kind="payout")
    assert sorted(posted.entries.values_list("account__purpose", "amount_fen")) == [
        ("bank", -6256), ("farmer_payable", 6256),
    ]  # fmt: skip
    assert trial_balance().is_right
    run.refresh_from_db()
    assert run.status == "done"
    again = take_bank_answer(actor=operator, run_id=run.pk, content=content, now=now)
    assert (again.paid, again.failed, again.known) == (0, 0, 2)
    assert LedgerTransaction.objects.filter(kind="payout").count() == 1


def test_what_is_wrong_with_a_row_is_said_and_nothing_of_it_noted(market, run, operator, now):
    make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)
    farmer = transfer_of(run, farmer=market.farmer)

    report = take_bank_answer(
        actor=operator, run_id=run.pk, now=now,
        content=answer(
            ["P20260101deadbeef", "62.56", "成功", "", ""],
            [farmer.reference, "62.55", "成功", "", ""],
            [farmer.reference, "=62.56", "成功", "", ""],
            [farmer.reference, "62.56", "也许", "", ""],
            ["=cmd|' /C calc'!A0", "62.56", "成功", "", ""],
            [farmer.reference, "62.56", "处理中", "", ""],
            [farmer.reference, "62.56", "成功", "", ""],
        ),
    )  # fmt: skip

    assert report.faults == [
        (2, "unknown"), (3, "differs"), (4, "amount"), (5, "result"), (6, "reference"), (8, "repeated"),
    ]  # fmt: skip
    assert (report.paid, report.waiting) == (0, 1)
    assert states(run) == ["sending", "sending"]
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_what_was_paid_does_not_fail_afterwards_but_may_come_back(market, run, operator, now):
    make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)
    farmer = transfer_of(run, farmer=market.farmer)

    def said(result: str):
        return take_bank_answer(
            actor=operator, run_id=run.pk, now=now,
            content=answer([farmer.reference, "62.56", result, "账号已销户", "1"]),
        )  # fmt: skip

    assert said("成功").paid == 1
    assert said("失败").faults == [(2, "settled")]
    assert Payout.objects.get(pk=farmer.payout_id).status == "paid"
    assert said("退票").returned == 1
    farmer.refresh_from_db()
    assert (farmer.status, farmer.payout.status) == ("returned", "failed")
    assert balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=market.farmer.pk) == -6256
    assert said("退票").known == 1
    assert LedgerTransaction.objects.filter(kind="payout_returned").count() == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00\x81\x81\x30",
        "流水号,金额,结果\r\nP1234567,1,成功".encode("utf-16"),
        "流水号,金额,结果\r\nP1234567,1,成功".encode()[:-2],
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        "流水号,结果\r\nP1234567,成功".encode(),
        "流水号,金额,结果".encode(),
        '流水号,金额,结果\r\n"P1234567,1,成功'.encode(),
        b"x" * (2 * 1024 * 1024 + 1),
    ],
    ids=["empty", "bytes", "utf16", "cut", "picture", "columns", "no rows", "quote", "large"],
)
def test_a_file_that_cannot_be_read_is_refused_with_nothing_written(run, operator, now, content):
    make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)
    before = AuditEntry.objects.count()

    with pytest.raises(BadAnswerFile):
        take_bank_answer(actor=operator, run_id=run.pk, content=content, now=now)

    assert states(run) == ["sending", "sending"]
    assert AuditEntry.objects.count() == before
