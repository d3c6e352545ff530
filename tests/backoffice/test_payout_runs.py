"""The page of a run: what to look at first, the bank's file and answer, cash with its receipt."""

import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.clock import utc_now
from payouts.models import Payout, PayoutAccount, PayoutAccountVersion, PayoutRun
from payouts.services.paying import approve_payout, mark_paid
from payouts.services.running import approve_run, make_run, start_run
from tests.factories.payouts import close_week, make_live_sale
from tests.factories.runs import make_account, new_run, started_run, total_of, transfer_of
from tests.factories.shops import make_person
from tests.uploads.pictures import picture_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def checker(db):
    return make_person(name="复核员", phone="13800000099", is_staff=True, is_superuser=True)


@pytest.fixture
def tallies(market, arun, mei):
    now = utc_now()
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    return close_week(shop=market.shop, now=now)


def picture_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("receipt.jpg", picture_bytes(), content_type="image/jpeg")


def address(run: PayoutRun, rest: str = "change/") -> str:
    return f"/admin/payouts/payoutrun/{run.pk}/{rest}"


def test_a_run_is_made_checked_and_started_in_the_admin(market, tallies, operator, checker, client):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=utc_now())
    client.force_login(operator)
    assert client.get("/admin/payouts/payoutrun/add/").status_code == 200
    client.post("/admin/payouts/payoutrun/add/", {"shop": "", "note": "第 48 周"})
    run = PayoutRun.objects.get()
    assert (run.status, run.note, run.transfers.count()) == ("draft", "第 48 周", 3)
    own = client.post(address(run, "move/approve/"), {"total_fen": "62.56", "reason": ""})
    assert own.status_code == 200 and own.context["form"].errors
    client.force_login(checker)
    wrong = client.post(address(run, "move/approve/"), {"total_fen": "62.57", "reason": ""})
    assert wrong.status_code == 200 and wrong.context["form"].errors
    run.refresh_from_db()
    assert run.status == "draft"

    client.post(address(run, "move/approve/"), {"total_fen": "62.56", "reason": "ok"})
    client.post(address(run, "move/start/"), {"reason": ""})

    run.refresh_from_db()
    assert (run.status, run.approved_by) == ("sending", checker)
    again = client.post("/admin/payouts/payoutrun/add/", {"shop": "", "note": ""})
    assert again.status_code == 302 and PayoutRun.objects.count() == 2


def test_what_needs_a_look_stands_first(market, tallies, arun, mei, operator, checker, client, settings):
    """The host's account was stopped; the farmer gets 16 times as much as last week, the shop the same."""
    now = utc_now()
    for payee in (market.farmer, market.host, market.shop):
        make_account(payee=payee, writer=operator, checker=checker, now=now)
    for payout in Payout.objects.all():
        approve_payout(actor=operator, payout_id=payout.pk, now=now)
        mark_paid(actor=checker, payout_id=payout.pk, reference="1", now=now)
    later = tallies.ends_at
    make_live_sale(market=market, buyer=arun, seller=mei, now=later, quantity=16)
    close_week(shop=market.shop, now=later)
    PayoutAccount.objects.filter(host=market.host).update(status="restricted")
    settings.PAYOUT_LARGE_FEN = 100_000
    run = new_run(maker=operator, now=now)
    client.force_login(checker)

    page = client.get(address(run))

    board = page.context["board"]
    assert board.rows[0].transfer.problem == "restricted"
    farmer = next(row for row in board.rows if row.transfer.payout.statement.farmer_id)
    assert board.rows[1] == farmer
    assert (farmer.last_fen, farmer.is_large, farmer.is_odd) == (6256, True, True)
    assert farmer.difference_fen == farmer.transfer.amount_fen - 6256
    assert board.payable_fen == total_of(run) and board.first_times == 0
    text = page.content.decode()
    assert f'data-payable="{total_of(run)}"' in text and 'data-problem="restricted"' in text
    assert "data-large data-odd" in text
    assert "bank-file" not in text


def test_file_and_answer_go_over_the_page(market, tallies, operator, checker, client):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=utc_now())
    run = started_run(maker=operator, checker=checker, now=utc_now())
    client.force_login(operator)
    assert client.get(address(run, "bank-file/csv/")).status_code == 405
    text = client.get(address(run)).content.decode()
    assert f'action="{address(run, "bank-file/csv/")}"' in text

    file = client.post(address(run, "bank-file/cmbc/"))

    assert file["Content-Disposition"].startswith('attachment; filename="req_outer_')
    assert "no-store" in file["Cache-Control"]
    farmer = transfer_of(run, farmer=market.farmer)
    assert farmer.reference in file.content.decode("gbk")
    content = f"流水号,金额,结果\n{farmer.reference},62.56,成功\nP00000000,1.00,成功".encode()
    upload = SimpleUploadedFile("answer.csv", content, "text/csv")
    page = client.post(address(run, "bank-answer/"), {"file": upload})
    assert (page.context["report"].paid, page.context["report"].faults) == (1, [(3, "unknown")])
    run.refresh_from_db()
    assert run.status == "done"
    broken = SimpleUploadedFile("answer.csv", b"\xff\xfe\x00\x81", "text/csv")
    page = client.post(address(run, "bank-answer/"), {"file": broken})
    assert page.context["report"] is None and page.context["form"].non_field_errors()
    done = client.get(address(run))
    assert (done.context["board"].done, done.context["board"].to_do) == (1, 1)
    assert '<progress class="market-progress" max="1" value="1">' in done.content.decode()


def test_cash_is_handed_out_with_a_photo(market, tallies, operator, checker, client):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=utc_now(), method="cash")
    run = started_run(maker=operator, checker=checker, now=utc_now())
    farmer = transfer_of(run, farmer=market.farmer)
    page = f"/admin/payouts/payouttransfer/{farmer.pk}/hand-out/"
    client.force_login(operator)
    assert page in client.get(address(run)).content.decode()
    missing = client.post(page, {"number": "7"})
    assert missing.status_code == 200 and missing.context["form"].errors

    done = client.post(page, {"number": "7", "file": picture_file()})

    assert (done.status_code, done["Location"]) == (302, address(run))
    farmer.refresh_from_db()
    assert (farmer.status, farmer.receipt.is_private) == ("paid", True)
    assert client.post(page, {"number": "7", "file": picture_file()}).status_code == 200


def test_without_the_permission_nothing_moves(market, tallies, operator, checker, clerk_of_house, client):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=utc_now(), method="cash")
    run = started_run(maker=operator, checker=checker, now=utc_now())
    farmer = transfer_of(run, farmer=market.farmer)
    client.force_login(clerk_of_house("view_payoutrun", "view_payouttransfer", "view_payoutaccount"))
    assert client.get(address(run)).status_code == 200
    assert "hand-out" not in client.get(address(run)).content.decode()

    for url in (
        address(run, "bank-file/csv/"),
        address(run, "bank-answer/"),
        address(run, "move/cancel/"),
        f"/admin/payouts/payouttransfer/{farmer.pk}/hand-out/",
        f"/admin/payouts/payouttransfer/{farmer.pk}/move/leave_out/",
        f"/admin/payouts/payoutaccount/{PayoutAccount.objects.get().pk}/move/restrict/",
    ):
        assert client.post(url, {"reason": "x"}).status_code == 403, url

    run.refresh_from_db()
    farmer.refresh_from_db()
    assert (run.status, farmer.status) == ("sending", "ready")


def test_an_account_is_written_checked_and_changed_in_the_admin(market, operator, checker, client):
    client.force_login(operator)
    facts = {
        "method": "bank", "holder": "扎西", "detail": "6222021234567890128", "bank_name": "农业银行",
        "bank_code": "103225010017", "reason": "form",
    }  # fmt: skip
    add = "/admin/payouts/payoutaccount/add/"
    assert client.get(add).status_code == 200
    nobody = client.post(add, facts)
    assert nobody.status_code == 200 and not PayoutAccount.objects.exists()

    client.post(add, facts | {"farmer": market.farmer.pk})

    account = PayoutAccount.objects.get()
    page = f"/admin/payouts/payoutaccount/{account.pk}"
    assert (account.status, account.detail_masked) == ("pending", "6222 **** 0128")
    assert client.post(f"{page}/move/confirm/", {"reason": "seen"}).status_code == 200
    client.force_login(checker)
    assert client.post(f"{page}/move/confirm/", {"reason": "seen"}).status_code == 302
    account.refresh_from_db()
    assert account.status == "active"
    shown = client.get(f"{page}/change/").content.decode()
    assert "6222021234567890128" not in shown
    version = PayoutAccountVersion.objects.get()
    reveal = f"/admin/payouts/payoutaccountversion/{version.pk}/reveal/"
    assert "6222021234567890128" in client.post(reveal, {"reason": "bank asked"}).content.decode()
    client.post(f"{page}/move/rewrite/", facts | {"detail": "6217000000000000001"})
    account.refresh_from_db()
    assert (account.status, account.current.number) == ("pending", 2)


def test_the_first_page_counts_what_waits(market, tallies, operator, checker, client):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=utc_now())
    run = make_run(actor=operator, idempotency_key=uuid.uuid4(), now=utc_now())[0]
    client.force_login(checker)

    text = client.get("/admin/").content.decode()

    assert re.search(r'payoutrun/\?status__exact=draft"[^>]*class="is-open".*?<b>1</b>', text, re.S)
    approve_run(actor=checker, run_id=run.pk, total_fen=6256, now=utc_now())
    start_run(actor=operator, run_id=run.pk, now=utc_now())
    text = client.get("/admin/").content.decode()
    assert re.search(r'payoutrun/\?status__in=approved,sending"[^>]*class="is-open".*?<b>1</b>', text, re.S)
