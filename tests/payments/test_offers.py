"""What a browser is offered (decisions.md 21)."""

import pytest

from payments.errors import UnknownGateway
from payments.offers import Way, offer_for

ALL = ["wechatpay", "alipay", "cash_on_delivery", "sandbox"]
CASH, SANDBOX = Way("cash_on_delivery", "cash"), Way("sandbox", "redirect")
ANDROID = "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148"
)
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
WECHAT = f"{ANDROID} XWEB/1220133 MMWEBSDK/20240501 MicroMessenger/8.0.50.2701(0x28003253) WeChat/arm64"
WECHAT_ON_PC = f"{DESKTOP} MicroMessenger/7.0.20.1781 WindowsWechat/WMPF"
ALIPAY = f"{IPHONE} AliApp(AP/10.6.0) AlipayClient/10.6.0"


@pytest.mark.parametrize(
    ("agent", "can_use_jsapi", "expected", "inside", "outside"),
    [
        (ANDROID, True, [Way("wechatpay", "h5"), Way("alipay", "wap"), CASH, SANDBOX], False, False),
        (IPHONE, False, [Way("wechatpay", "h5"), Way("alipay", "wap"), CASH, SANDBOX], False, False),
        (DESKTOP, True, [Way("wechatpay", "native"), Way("alipay", "page"), CASH, SANDBOX], False, False),
        ("", False, [Way("wechatpay", "native"), Way("alipay", "page"), CASH, SANDBOX], False, False),
        (WECHAT, True, [Way("wechatpay", "jsapi"), CASH, SANDBOX], True, True),
        (WECHAT, False, [CASH, SANDBOX], True, True),
        (WECHAT_ON_PC, True, [Way("wechatpay", "jsapi"), CASH, SANDBOX], True, True),
        (ALIPAY, True, [Way("alipay", "wap"), CASH, SANDBOX], False, True),
    ],
)
def test_only_what_works_in_the_browser_is_offered(agent, can_use_jsapi, expected, inside, outside):
    offer = offer_for(user_agent=agent, gateways=ALL, can_use_jsapi=can_use_jsapi)

    assert list(offer.ways) == expected
    assert (offer.is_inside_wechat, offer.is_better_outside) == (inside, outside)


def test_nothing_better_waits_outside_when_everything_works_here():
    offer = offer_for(user_agent=WECHAT, gateways=["wechatpay"], can_use_jsapi=True)

    assert (offer.ways, offer.is_better_outside) == ((Way("wechatpay", "jsapi"),), False)


def test_what_is_not_offered_is_refused():
    offer = offer_for(user_agent=WECHAT, gateways=["alipay"], can_use_jsapi=True)

    with pytest.raises(UnknownGateway):
        offer.way_of("alipay")
