"""Ways out that are half configured are refused before anything is paid (rules.md 14)."""

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from payouts.checks import check_ways, find_problems
from payouts.transfers import WAYS

REAL = {
    "WECHATPAY_GATEWAY_URL": "https://api.mch.weixin.qq.com",
    "WECHATPAY_TOKEN_URL": "https://api.weixin.qq.com",
    "ALIPAY_GATEWAY_URL": "https://openapi.alipay.com/gateway.do",
}
KEY_OF = {"alipay": "ALIPAY_APP_KEY", "wechat": "WECHATPAY_API_V3_KEY"}


@pytest.fixture
def ways(providers, settings):
    """Every way is on, and the providers are configured as a real merchant's."""
    settings.PAYOUT_WAYS = list(WAYS)
    settings.PROVIDER_ENVIRONMENT = providers.environment | REAL
    settings.PAYMENT_CALLBACK_BASE_URL = "https://market.example"
    return settings


def test_all_ways_with_their_keys_are_fine(ways):
    ways.IS_PRODUCTION = True

    assert (find_problems(), check_ways()) == ([], [])


@pytest.mark.parametrize("way", ["alipay", "wechat"])
def test_a_way_whose_provider_has_no_keys_is_named_with_the_variable(ways, way):
    variable = KEY_OF[way]
    ways.PROVIDER_ENVIRONMENT = {k: v for k, v in ways.PROVIDER_ENVIRONMENT.items() if k != variable}
    ways.PAYMENT_GATEWAYS = []  # nobody pays by it, so payments are silent

    assert find_problems() == [("payouts.E002", f"PAYOUT_WAYS names {way!r}: {variable} is missing.")]
    with pytest.raises(SystemCheckError) as refused:
        call_command("check", tags=["payouts"])
    assert variable in str(refused.value) and "payouts.E002" in str(refused.value)
    ways.PAYOUT_WAYS = ["bank", "cash"]
    assert find_problems() == []


def test_a_way_that_is_not_built_in_is_named(ways):
    ways.PAYOUT_WAYS = ["bank", "pigeon"]

    assert find_problems() == [
        ("payouts.E001", "PAYOUT_WAYS names 'pigeon': it can hold alipay, bank, cash, wechat.")
    ]


@pytest.mark.parametrize(("scene", "codes"), [("1000", ["payouts.E003"]), ("1005", []), ("", [])])
def test_a_scene_that_cannot_be_reported_is_refused(ways, scene, codes):
    ways.PROVIDER_ENVIRONMENT = ways.PROVIDER_ENVIRONMENT | {"WECHATPAY_TRANSFER_SCENE": scene}

    assert [code for code, _words in find_problems()] == codes
    ways.PAYOUT_WAYS = ["alipay"]
    assert find_problems() == []


def test_no_way_at_all_is_a_warning(ways):
    ways.PAYOUT_WAYS = []

    assert [(found.id, found.is_serious()) for found in check_ways()] == [("payouts.W001", False)]


def test_production_does_not_start_with_a_half_configured_way(ways):
    ways.IS_PRODUCTION = True
    ways.PAYMENT_CALLBACK_BASE_URL = "http://market.example"
    ways.PROVIDER_ENVIRONMENT = {k: v for k, v in ways.PROVIDER_ENVIRONMENT.items() if k != "ALIPAY_APP_KEY"}

    with pytest.raises(ImproperlyConfigured) as refused:
        apps.get_app_config("payouts").ready()

    assert "ALIPAY_APP_KEY is missing." in str(refused.value)
    assert "PAYMENT_CALLBACK_BASE_URL must be https" in str(refused.value)


def test_a_demos_keys_are_refused_in_production_only(ways):
    ways.PROVIDER_ENVIRONMENT = ways.PROVIDER_ENVIRONMENT | {"WECHATPAY_MERCHANT_ID": "1230000109"}
    assert find_problems() == []
    ways.IS_PRODUCTION = True

    assert find_problems() == [
        ("payouts.E002", "PAYOUT_WAYS names 'wechat': WECHATPAY_MERCHANT_ID is a demo's.")
    ]
