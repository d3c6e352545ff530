"""PR3 with real processes: web and worker are shot (SIGKILL) before the call, after it, after the commit and
before the ack; whoever takes over, the provider sees one charge and one refund."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from celery import Celery, current_app

from accounts.services.signing_in import issue_token
from common import outbox
from common.clock import utc_now
from common.models import OutboxMessage
from common.processes import dies_with_parent
from ledger.models import LedgerEntry, LedgerTransaction
from orders.services.cancelling import cancel_by_buyer
from payments.models import Payment, Refund
from payments.services.closing import check_payment, poll_open
from payments.services.refunding import retry_refunds
from payouts.models import Payout, PayoutRun
from payouts.services.transferring import follow_transfers
from tests.addresses import database_url
from tests.factories.orders import place_one
from tests.factories.payouts import close_week, make_completed
from tests.factories.providers import METHOD, started
from tests.factories.runs import make_account, started_run, transfer_of
from tests.factories.sandbox import wait_until
from tests.factories.shops import make_person

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
PLACES = ("before the call", "after the call", "after the commit", "before the ack")


@dataclass
class Processes:
    """Web and worker of one market; Celery's master replaces who was shot, the web's ends and is replaced."""

    web_url: str
    arm_file: Path
    start_web: Callable[[], subprocess.Popen]
    web: subprocess.Popen

    def stand(self) -> bool:
        """Start the web again when it was shot, as the supervisor does."""
        if self.web.poll() is not None:
            self.web = self.start_web()
        return True

    def arm(self, *places: str) -> None:
        self.arm_file.write_text("\n".join(places))

    def are_shot(self) -> bool:
        return not self.arm_file.read_text()


@pytest.fixture(scope="module")
def processes_of_module(django_db_setup, django_db_blocker, providers_process, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shot")
    (folder / "arm").write_text("")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with django_db_blocker.unblock():
        address = database_url()
    environment = os.environ | providers_process.environment | {
        "DATABASE_URL": address, "MARKET_VAR": str(folder), "MARKET_TEST_ARM": str(folder / "arm"),
        "PAYMENT_GATEWAYS": "wechatpay,alipay", "PAYMENT_CALLBACK_BASE_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    web = [
        "granian", "--interface=wsgi", "--host=127.0.0.1", f"--port={port}", "--workers=1",
        "--blocking-threads=2", "--log-level=error", "tests.payments.armed:application",
    ]  # fmt: skip
    worker = [
        "celery", "-q", "-A", "tests.payments.armed:app", "worker", "--queues=default,fast",
        "--concurrency=1",
        "--without-gossip", "--without-mingle", "--loglevel=ERROR",
    ]  # fmt: skip
    log = (folder / "processes.log").open("ab")

    def start(command: list[str]) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", *command], cwd=ROOT, env=environment, stdout=log,
            stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=dies_with_parent(),
        )  # fmt: skip

    running_worker = start(worker)
    running = Processes(f"http://127.0.0.1:{port}", folder / "arm", lambda: start(web), start(web))
    yield running
    for process in (running_worker, running.web):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    log.close()


@pytest.fixture
def processes(processes_of_module, providers, valkey, monkeypatch, settings) -> Iterator[Processes]:
    """The processes, with what the test enqueues handed to the real worker."""
    app = current_app._get_current_object()
    monkeypatch.setattr(app, "send_task", Celery.send_task.__get__(app))
    outbox._broker_pause.until = 0.0
    settings.PAYMENT_CALLBACK_BASE_URL = processes_of_module.web_url
    processes_of_module.arm()
    yield processes_of_module
    processes_of_module.arm()
    wait_until(is_quiet, 60)


def is_quiet() -> bool:
    """The worker has nothing left; what waits for its next attempt is handed over as the sweeper does."""
    waiting = OutboxMessage.objects.filter(done_at=None, quarantined_at=None)
    outbox.sweep(now=utc_now() + timedelta(minutes=2))
    return not waiting.exists()


def cash() -> int:
    return sum(LedgerEntry.objects.filter(account__purpose="cash").values_list("amount_fen", flat=True))


def pay(processes: Processes, group_id: int, gateway: str, token: str, key: str) -> int:
    """Ask once as a phone; 0 when nobody answers."""
    processes.stand()
    request = urllib.request.Request(
        f"{processes.web_url}/api/v1/order-groups/{group_id}/pay/",
        json.dumps({"gateway": gateway, "method": METHOD[gateway]}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Idempotency-Key": key},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


@pytest.mark.parametrize("place", PLACES)
def test_pr3_a_charge_is_made_once_wherever_the_web_process_is_shot(
    market, arun, processes, providers, gateway, place
):
    """Shot while the payment is made ready, and again while its success is being taken in."""
    order = place_one(buyer=arun, variant=market.variant)
    token, key = issue_token(user=arun, now=utc_now()), str(uuid.uuid4())
    wait_until(lambda: pay(processes, 0, gateway, token, str(uuid.uuid4())) == 404, 60)
    taken_in = place if place != "after the call" else "before the ack"
    processes.arm(f"create: {place}", f"callback: {taken_in}")

    assert pay(processes, order.group_id, gateway, token, key) == 0
    wait_until(lambda: pay(processes, order.group_id, gateway, token, key) in (200, 201), 60)
    providers.pay(Payment.objects.get())
    wait_until(lambda: processes.stand() and not providers.state()["waiting"] and processes.are_shot(), 60)

    order.refresh_from_db()
    poll_open(now=utc_now() + timedelta(minutes=5))
    assert (order.status, Payment.objects.get().status) == ("paid", "succeeded")
    assert providers.effects(gateway) == {"create": 1, "pay": 1}
    assert (LedgerTransaction.objects.count(), cash()) == (1, 7600)


@pytest.mark.parametrize("place", PLACES)
def test_pr3_a_refund_is_sent_once_wherever_the_worker_is_shot(
    market, arun, processes, providers, gateway, place
):
    payment = started(arun, market, gateway)
    providers.visit(payment)
    providers.control("pay_all", payments=[{"provider": gateway, "reference": payment.reference}])
    check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))
    wait_until(is_quiet, 60)
    processes.arm(f"refund: {place}")

    cancel_by_buyer(buyer=arun, number=payment.group.orders.get().number, now=utc_now())

    wait_until(lambda: processes.are_shot() and is_quiet(), 60)
    for _ in range(2):
        retry_refunds(now=utc_now() + timedelta(minutes=5))
    refund = Refund.objects.get()
    assert refund.status == "succeeded"
    # Shot after the attempt was counted, it was counted again; done and not acknowledged, it was not.
    assert refund.attempts == (1 if place in ("after the commit", "before the ack") else 2)
    assert providers.effects(gateway)["refund"] == 1
    known = providers.state()["payments"][gateway][payment.reference]
    assert (known["refunded_fen"], cash()) == (7600, 0)
    assert LedgerTransaction.objects.filter(kind="refund").count() == 1


@pytest.mark.parametrize("place", PLACES)
def test_pr3_a_payout_is_sent_once_wherever_the_worker_is_shot(
    market, arun, mei, operator, processes, providers, gateway, place, settings
):
    settings.PAYOUT_WAYS = ["alipay", "wechat"]
    now, checker = utc_now(), make_person(name="复核员", is_staff=True)
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    close_week(shop=market.shop, now=now)
    way = {"wechatpay": "wechat", "alipay": "alipay"}[gateway]
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method=way)
    wait_until(is_quiet, 60)
    processes.arm(f"payout: {place}")

    run = started_run(maker=operator, checker=checker, now=now)

    wait_until(lambda: processes.are_shot() and is_quiet(), 60)
    for minutes in (5, 60):
        follow_transfers(now=utc_now() + timedelta(minutes=minutes))
    transfer = transfer_of(run, farmer=market.farmer)
    assert (transfer.status, Payout.objects.get(pk=transfer.payout_id).status) == ("paid", "paid")
    # Shot after the attempt was counted, it was counted again; done and not acknowledged, it was not.
    assert transfer.attempts == (1 if place in ("after the commit", "before the ack") else 2)
    assert providers.effects(gateway)["transfer"] == 1
    sent = providers.state()["transfers"][gateway]
    assert {number: one["amount_fen"] for number, one in sent.items()} == {transfer.reference: 6596}
    assert LedgerTransaction.objects.filter(kind="payout").count() == 1
    assert cash() == -6596
    assert PayoutRun.objects.get().status == "done"
