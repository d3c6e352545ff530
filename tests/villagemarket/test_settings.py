"""Production refuses to start with what only a demo may have (rules.md 14)."""

import base64
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "MARKET_MODE": "production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "PAYOUT_ACCOUNT_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
    "ALLOWED_HOSTS": "market.example",
    "PUBLIC_URL": "https://market.example",
    "DATABASE_URL": "postgresql://market@db.example/market",
    "REDIS_URL": "redis://valkey.example:6379/0",
}


SHOW = "import villagemarket.settings as s; print(s.SESSION_COOKIE_SECURE, s.DEBUG)"


def start(*, command: str = SHOW, **changes: str) -> subprocess.CompletedProcess:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MARKET", "PYTEST"))
    }
    environment |= {"DJANGO_SETTINGS_MODULE": "villagemarket.settings"} | GOOD | changes
    return subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip


def test_production_starts_with_what_it_needs():
    assert start().stdout == "True False\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": "demo-only-" + "x" * 60}, "SECRET_KEY is a demo key or too short"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is a demo key or too short"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is missing"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is missing"),
        ({"REDIS_URL": ""}, "REDIS_URL is missing"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL is missing"),
        ({"PAYMENT_GATEWAYS": "sandbox"}, "PAYMENT_GATEWAYS names the sandbox"),
        ({"MARKET_MODE": "prod"}, "MARKET_MODE is 'prod'"),
    ],
)
def test_production_refuses(changes, words):
    refused = start(**changes)

    assert refused.returncode == 1
    assert words in refused.stderr.splitlines()[-1]


def test_debug_cannot_be_switched_on_in_production():
    assert start(DEBUG="1").stdout == "True False\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PAYMENT_GATEWAYS": "wechatpay"}, "WECHATPAY_MERCHANT_ID is missing."),
        ({"PAYMENT_GATEWAYS": "alipay"}, "ALIPAY_APP_ID is missing."),
        ({"PAYMENT_GATEWAYS": "gold"}, "PAYMENT_GATEWAYS names 'gold'"),
        ({"PAYMENT_GATEWAYS_RETIRED": "sandbox"}, "The sandbox takes no real money"),
    ],
)
def test_production_does_not_serve_with_a_half_configured_provider(changes, words):
    refused = start(command="import django; django.setup()", **changes)

    assert refused.returncode == 1
    assert words in refused.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("keys", "words"),
    [("", "PAYOUT_ACCOUNT_KEYS is missing"), ("demo", "PAYOUT_ACCOUNT_KEYS must be 32 bytes in Base64 each")],
)
def test_production_does_not_serve_without_a_key_for_account_numbers(keys, words):
    refused = start(command="import django; django.setup()", PAYOUT_ACCOUNT_KEYS=keys)

    assert refused.returncode == 1
    assert words in refused.stderr.splitlines()[-1]


def test_production_does_not_serve_with_a_half_configured_way_out():
    refused = start(command="import django; django.setup()", PAYOUT_WAYS="bank,wechat")

    assert refused.returncode == 1
    assert "PAYOUT_WAYS names 'wechat': WECHATPAY_MERCHANT_ID is missing." in refused.stderr.splitlines()[-1]
