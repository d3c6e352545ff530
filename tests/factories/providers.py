"""Alipay and WeChat Pay as a process of their own, and fixtures that connect the market to them."""

import json
import subprocess
import sys
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from common.clock import utc_now
from payments.models import Payment
from payments.services.starting import start_payment
from tests.factories.orders import place_one

ROOT = Path(__file__).resolve().parents[2]
METHOD = {"wechatpay": "native", "alipay": "wap"}


class Providers:
    """The running simulator; see tests/providersim for the knobs."""

    def __init__(self, folder: Path):
        command = [sys.executable, "-m", "tests.providersim", f"--data={folder}"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.origin = f"http://127.0.0.1:{int(self.process.stdout.readline().rpartition(':')[2])}"
        self.environment = json.loads((folder / "merchant.json").read_text()) | {
            "WECHATPAY_GATEWAY_URL": self.origin,
            "WECHATPAY_TOKEN_URL": self.origin,
            "ALIPAY_GATEWAY_URL": f"{self.origin}/gateway.do",
        }
        secrets = json.loads((folder / "provider.json").read_text())
        self.keys = {name: load_pem_private_key(pem.encode(), None) for name, pem in secrets.items()}

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def control(self, name: str, **wish):
        body = json.dumps(wish).encode()
        request = urllib.request.Request(f"{self.origin}/control/{name}", body)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def knobs(self, **knobs) -> None:
        """Ask for drop, delay, repeat, hold, change, forge, errors, hang_up; without, all is well again."""
        self.control("knobs", **knobs)

    def state(self) -> dict:
        with urllib.request.urlopen(f"{self.origin}/control", timeout=5) as answer:
            return json.load(answer)

    def effects(self, gateway: str) -> dict[str, int]:
        return self.state()["effects"][gateway]

    def visit(self, payment: Payment) -> None:
        """The buyer opens what the market leads to; Alipay hears of a payment only then."""
        if payment.gateway == "alipay":
            query = urlsplit(payment.pay_url).query
            urllib.request.urlopen(f"{self.origin}/gateway.do?{query}", timeout=5).close()

    def pay(self, payment: Payment) -> None:
        """The buyer pays."""
        self.visit(payment)
        self.control("pay", provider=payment.gateway, reference=payment.reference)


@pytest.fixture(scope="session")
def providers_process(tmp_path_factory):
    running = Providers(tmp_path_factory.mktemp("providers"))
    yield running
    running.stop()


@pytest.fixture
def providers(providers_process: Providers, settings):
    """Both providers, with the market pointed at them; callbacks go nowhere unless `providers_online`."""
    settings.PAYMENT_GATEWAYS = ["wechatpay", "alipay"]
    settings.PROVIDER_ENVIRONMENT = providers_process.environment
    settings.PAYMENT_CALLBACK_BASE_URL = "http://127.0.0.1:9"
    providers_process.control("forget")
    yield providers_process
    providers_process.control("forget")


@pytest.fixture
def providers_online(providers: Providers, live_server, settings) -> str:
    """The market as a server that the providers' callbacks reach; returns its address."""
    settings.PAYMENT_CALLBACK_BASE_URL = live_server.url
    return live_server.url


@pytest.fixture(params=["wechatpay", "alipay"])
def gateway(request) -> str:
    """Each of the two."""
    return request.param


def begin(arun, order, gateway: str, **options) -> Payment:
    """Start to pay a purchase."""
    wanted = {
        "buyer": arun, "group_id": order.group_id, "gateway": gateway, "idempotency_key": uuid.uuid4(),
        "origin": "http://testserver", "now": utc_now(), "method": METHOD[gateway],
    } | options  # fmt: skip
    return start_payment(**wanted)[0]


def started(arun, market, gateway: str, **options) -> Payment:
    """Place an order and start to pay it."""
    return begin(arun, place_one(buyer=arun, variant=market.variant, **options), gateway)
