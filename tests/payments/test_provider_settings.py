"""Half-configured and demo providers are refused (rules.md 14)."""

from datetime import UTC, datetime, timedelta

import pytest

from common.clock import utc_now
from payments.checks import check_gateways, find_problems
from payments.errors import GatewayUnavailable, UnknownGateway
from payments.gateways import get_gateway
from payments.gateways.config import problems_of, read_alipay, read_wechatpay
from tests.providersim.keys import certificate, certificate_pem, new_key, private_pem, public_pem

REAL = {
    "WECHATPAY_GATEWAY_URL": "https://api.mch.weixin.qq.com",
    "WECHATPAY_TOKEN_URL": "https://api.weixin.qq.com",
    "ALIPAY_GATEWAY_URL": "https://openapi.alipay.com/gateway.do",
}
REQUIRED = {
    "wechatpay": ("MERCHANT_ID", "APP_ID", "MERCHANT_KEY", "MERCHANT_SERIAL", "API_V3_KEY", "PUBLIC_KEY",
                  "PUBLIC_KEY_ID"),
    "alipay": ("APP_ID", "SELLER_ID", "APP_KEY", "APP_CERT", "ALIPAY_CERT", "ROOT_CERT"),
}  # fmt: skip


@pytest.fixture
def good(providers) -> dict[str, str]:
    """Settings as a real merchant has them."""
    return providers.environment | REAL


def problems(gateway, environment, *, is_production=True, now=None) -> list[str]:
    return problems_of(gateway, environment, is_production=is_production, now=now or utc_now())


def test_a_merchants_own_settings_are_fine(good, gateway):
    assert problems(gateway, good) == []


def test_every_missing_setting_is_named_and_no_secret_is(good, gateway, settings):
    for name in REQUIRED[gateway]:
        variable = f"{gateway.upper()}_{name}"
        without = {key: value for key, value in good.items() if key != variable}

        assert problems(gateway, without, is_production=False) == [f"{variable} is missing."]
        settings.PROVIDER_ENVIRONMENT = without
        with pytest.raises(GatewayUnavailable):
            get_gateway(gateway)


def test_keys_may_be_files_and_newlines_may_be_written(good, tmp_path):
    file = tmp_path / "key.pem"
    file.write_text(good["WECHATPAY_MERCHANT_KEY"])
    as_file = read_wechatpay(good | {"WECHATPAY_MERCHANT_KEY": str(file)})
    as_line = read_alipay(good | {"ALIPAY_APP_KEY": good["ALIPAY_APP_KEY"].replace("\n", "\\n")})

    assert as_file.merchant_key == good["WECHATPAY_MERCHANT_KEY"]
    assert as_line.app_key.strip() == good["ALIPAY_APP_KEY"].strip()


@pytest.mark.parametrize(
    ("gateway", "change", "words"),
    [
        ("wechatpay", {"API_V3_KEY": "short"}, "WECHATPAY_API_V3_KEY does not have 32 bytes."),
        ("wechatpay", {"PUBLIC_KEY_ID": "5157F09E"}, "WECHATPAY_PUBLIC_KEY_ID does not begin"),
        ("wechatpay", {"PUBLIC_KEY": "/nowhere.pem"}, "WECHATPAY_PUBLIC_KEY is neither a PEM nor the path"),
        ("wechatpay", {"GATEWAY_URL": "http://api.mch.weixin.qq.com"}, "WECHATPAY_GATEWAY_URL is not"),
        ("wechatpay", {"GATEWAY_URL": "https://127.0.0.1:9"}, "WECHATPAY_GATEWAY_URL is not an address"),
        ("wechatpay", {"MERCHANT_ID": "1230000109"}, "WECHATPAY_MERCHANT_ID is a demo's."),
        ("wechatpay", {"APP_ID": "wxdemo0000000000"}, "WECHATPAY_APP_ID is a demo's."),
        ("alipay", {"GATEWAY_URL": "https://openapi-sandbox.dl.alipaydev.com/x"}, "ALIPAY_GATEWAY_URL"),
        ("alipay", {"SELLER_ID": "2088102146225135"}, "ALIPAY_SELLER_ID is a demo's."),
        ("alipay", {"ROOT_CERT": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"}, "not the PEM"),
    ],
)  # fmt: skip
def test_production_refuses_what_only_a_demo_has(good, gateway, change, words):
    environment = good | {f"{gateway.upper()}_{name}": value for name, value in change.items()}

    found = problems(gateway, environment)

    assert len(found) == 1
    assert words in found[0]


def test_keys_that_do_not_belong_together_are_refused(good):
    stranger, ours = new_key(), good["WECHATPAY_MERCHANT_KEY"]
    swapped = good | {"ALIPAY_ALIPAY_CERT": good["ALIPAY_APP_CERT"]}
    own = good | {
        "WECHATPAY_MERCHANT_KEY": private_pem(stranger),
        "WECHATPAY_PUBLIC_KEY": public_pem(stranger),
    }

    assert problems("alipay", good | {"ALIPAY_APP_KEY": ours}) == [
        "ALIPAY_APP_CERT does not certify ALIPAY_APP_KEY."
    ]
    assert problems("alipay", swapped) == [
        "ALIPAY_ALIPAY_CERT certifies our own key: Alipay's certificate belongs there."
    ]
    assert problems("wechatpay", own) == [
        "WECHATPAY_PUBLIC_KEY is our own key: WeChat Pay's public key belongs there."
    ]


def test_certificates_of_a_demo_and_of_the_past_are_refused(good):
    key = new_key()
    demo = certificate_pem(certificate("Alipay Sandbox", key, "Demo Root", key))

    assert problems("alipay", good | {"ALIPAY_ALIPAY_CERT": demo}) == [
        "ALIPAY_ALIPAY_CERT is a demo's certificate."
    ]
    assert problems("alipay", good, now=datetime.now(UTC) + timedelta(days=31)) == [
        "ALIPAY_APP_CERT is not valid today.", "ALIPAY_ALIPAY_CERT is not valid today.",
    ]  # fmt: skip


def test_the_check_speaks_of_what_is_named_only(good, settings):
    settings.PROVIDER_ENVIRONMENT = {}
    settings.PAYMENT_GATEWAYS = ["sandbox"]
    assert check_gateways() == []

    settings.PAYMENT_GATEWAYS = ["wechatpay", "gold"]
    assert [error.msg for error in check_gateways()] == [
        "PAYMENT_GATEWAYS names 'gold', which is not built in.", "WECHATPAY_MERCHANT_ID is missing.",
    ]  # fmt: skip
    settings.PROVIDER_ENVIRONMENT = good
    settings.PAYMENT_GATEWAYS = ["wechatpay", "alipay"]
    settings.IS_PRODUCTION = True
    assert find_problems() == [
        ("payments.E004", "PAYMENT_CALLBACK_BASE_URL must be https: providers call nothing else.")
    ]


def test_a_retired_gateway_still_refunds_but_is_offered_no_more(good, settings):
    settings.PAYMENT_GATEWAYS = []
    with pytest.raises(UnknownGateway):
        get_gateway("alipay")

    settings.PAYMENT_GATEWAYS_RETIRED = ["alipay"]

    assert get_gateway("alipay").name == "alipay"
