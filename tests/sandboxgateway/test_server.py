"""The provider as its merchant and its buyers meet it."""

import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from payments.errors import GatewayRefused
from payments.gateways.base import Wish
from payments.gateways.sandbox import SandboxGateway
from tests.factories.sandbox import ROOT, Sandbox


@pytest.fixture
def gateway(sandbox) -> SandboxGateway:
    return SandboxGateway.from_settings()


def wish(**changes) -> Wish:
    wanted = {
        "reference": f"P{uuid.uuid4().hex}",
        "amount_fen": 7600,
        "currency": "CNY",
        "subject": "青稞 <b>500克</b>",
        "expires_at": datetime.now(UTC) + timedelta(minutes=10),
        "return_url": "http://testserver/checkout/return/1/",
    }
    return Wish(**(wanted | changes))


def get(sandbox: Sandbox, path: str, language: str = "") -> tuple[int, str, dict]:
    request = urllib.request.Request(sandbox.origin + path, headers={"Accept-Language": language})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read().decode(), dict(response.headers)
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode(), dict(answer.headers)


def test_the_pay_page_shows_amount_and_merchant_in_both_languages(sandbox, gateway):
    made = gateway.create(wish())

    status, chinese, headers = get(sandbox, made.pay_url, "zh-CN,zh;q=0.9")
    _, english, _ = get(sandbox, made.pay_url, "en-GB,en")

    assert status == 200
    assert "¥76.00" in chinese
    assert "支付" in chinese
    assert "青稞 &lt;b&gt;500克&lt;/b&gt;" in chinese
    assert "Village Market" in english
    assert "Do not pay" in english
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_tap_counts_once_and_only_from_the_page_shown_last(sandbox, gateway):
    wanted = wish()
    made = gateway.create(wanted)
    old, new = sandbox.token_of(made.pay_url), sandbox.token_of(made.pay_url)

    assert sandbox.tap(made.pay_url, token=old)[0] == 403
    assert sandbox.tap(made.pay_url, token="")[0] == 403
    assert sandbox.tap(made.pay_url, decision="steal", token=new)[0] == 403
    assert sandbox.tap(made.pay_url, token="密")[0] == 403
    assert gateway.query(wanted.reference).state == "pending"
    assert sandbox.tap(made.pay_url, token=new) == (303, wanted.return_url)
    assert sandbox.tap(made.pay_url, "decline", token=new)[0] == 403
    assert gateway.query(wanted.reference).state == "paid"


def test_a_form_that_is_not_the_pages_is_refused(sandbox, gateway):
    wanted = wish()
    made = gateway.create(wanted)
    many = "&".join(f"field{number}=1" for number in range(20)).encode()

    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(sandbox.origin + made.pay_url, data=many, timeout=5)

    assert answer.value.code == 403
    assert gateway.query(wanted.reference).state == "pending"


def test_creating_again_gives_the_same_payment_but_not_over_another_amount(sandbox, gateway):
    first = wish()

    assert gateway.create(first) == gateway.create(first)
    with pytest.raises(GatewayRefused) as refusal:
        gateway.create(wish(reference=first.reference, amount_fen=1))

    assert refusal.value.detail == "reference_taken"


@pytest.mark.parametrize(
    "change",
    [
        {"amount_fen": 0}, {"amount_fen": -1}, {"amount_fen": 10**12}, {"currency": "USD"},
        {"reference": "../x"}, {"return_url": "javascript:alert(1)"},
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_is_refused(sandbox, gateway, change):
    with pytest.raises(GatewayRefused) as refusal:
        gateway.create(wish(**change))

    assert refusal.value.detail == "invalid"


def test_an_expired_or_closed_payment_takes_no_money(sandbox, gateway):
    expired, closed = wish(expires_at=datetime.now(UTC) - timedelta(seconds=1)), wish()
    pages = [gateway.create(each).pay_url for each in (expired, closed)]
    assert gateway.close(closed.reference).state == "closed"

    for page, wanted in zip(pages, (expired, closed), strict=True):
        assert 'name="decision"' not in get(sandbox, page)[1]
        assert gateway.query(wanted.reference).state == "closed"


def test_what_is_paid_stays_paid_when_it_is_closed(sandbox, gateway):
    wanted = wish()
    sandbox.tap(gateway.create(wanted).pay_url)

    assert gateway.close(wanted.reference).state == "paid"


def test_money_goes_back_once_per_reference_and_never_more_than_came(sandbox, gateway):
    wanted = wish()
    sandbox.tap(gateway.create(wanted).pay_url)
    back = {"reference": wanted.reference, "reason": "test", "total_fen": wanted.amount_fen}
    mark = uuid.uuid4().hex

    first = gateway.refund(refund_reference=f"R{mark}a", amount_fen=7000, **back)
    again = gateway.refund(refund_reference=f"R{mark}a", amount_fen=7000, **back)

    assert first == again
    assert (first.state, first.amount_fen) == ("refunded", 7000)
    for reference, amount, code in [("a", 1, "reference_taken"), ("b", 601, "more_than_paid")]:
        with pytest.raises(GatewayRefused) as refusal:
            gateway.refund(refund_reference=f"R{mark}{reference}", amount_fen=amount, **back)
        assert refusal.value.detail == code


def test_unpaid_and_unknown_payments_are_not_refunded(sandbox, gateway):
    wanted = wish()
    gateway.create(wanted)

    for reference, code in [(wanted.reference, "not_paid"), ("Pnobody", "not_found")]:
        with pytest.raises(GatewayRefused) as refusal:
            gateway.refund(reference=reference, refund_reference="R1", amount_fen=1, total_fen=1, reason="")
        assert refusal.value.detail == code
    assert gateway.query("Pnobody").state == "unknown"


def test_a_call_signed_by_another_key_is_refused(sandbox, gateway):
    stranger = SandboxGateway(
        url=gateway.url, callback_url=gateway.callback_url, merchant=gateway.merchant,
        merchant_key=Ed25519PrivateKey.generate(), provider_key=gateway.provider_key, max_skew_seconds=300,
    )  # fmt: skip

    with pytest.raises(GatewayRefused) as refusal:
        stranger.create(wish())

    assert refusal.value.detail == "bad_signature"


def test_unknown_pages_and_large_bodies_are_refused(sandbox):
    assert get(sandbox, "/sandbox-pay/pay_00000000000000000000")[0] == 404
    assert get(sandbox, "/etc/passwd")[0] == 404
    request = urllib.request.Request(sandbox.url + "/v1/payments", data=b"x" * (64 * 1024 + 1))
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=5)
    assert refusal.value.code == 413


def test_it_does_not_run_in_production(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "sandboxgateway", "--port=0", f"--data={tmp_path / 'none'}"],
        cwd=ROOT,
        env={"MARKET_MODE": "production", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=20,
    )

    assert ended.returncode == 2
    assert "production" in ended.stderr
    assert not (tmp_path / "none").exists()
