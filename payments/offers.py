"""Which ways to pay a browser is offered: what works in it, and nothing else (decisions.md 21). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from payments.errors import UnknownGateway
from payments.statuses import PayMethod

CASH = "cash_on_delivery"
# Under this name the session keeps who a buyer is inside WeChat; never taken from a request's body.
PAYER = "wechat_openid"
PHONES = ("android", "iphone", "ipod", "mobile", "harmony")


@dataclass(frozen=True)
class Way:
    """One way to pay: a gateway, and how it takes the buyer along (payments.statuses.PayMethod)."""

    gateway: str
    method: str


@dataclass(frozen=True)
class Offer:
    """The ways in the order of the setting; `is_better_outside`: another browser would offer more."""

    ways: tuple[Way, ...]
    is_inside_wechat: bool
    is_better_outside: bool

    def way_of(self, gateway: str) -> Way:
        """Return the way of a gateway; UnknownGateway when it is not offered here."""
        for way in self.ways:
            if way.gateway == gateway:
                return way
        raise UnknownGateway()


def is_in_wechat(user_agent: str) -> bool:
    """Return whether a page is looked at inside WeChat."""
    return "micromessenger" in user_agent.lower()


def offer_for(*, user_agent: str, gateways: Sequence[str], can_use_jsapi: bool) -> Offer:
    """Return what a browser is offered of the gateways that are switched on.

    Inside WeChat only `jsapi` works (`can_use_jsapi`: we can learn there who pays), and Alipay's pages are
    blocked; inside Alipay, WeChat's are.
    """
    agent = user_agent.lower()
    inside_wechat = is_in_wechat(agent)
    inside_alipay = "alipayclient" in agent
    is_phone = any(word in agent for word in PHONES)
    ways = []
    for gateway in gateways:
        method = _method(gateway, inside_wechat, inside_alipay, is_phone, can_use_jsapi)
        if method:
            ways.append(Way(gateway, method))
    return Offer(tuple(ways), inside_wechat, (inside_wechat or inside_alipay) and len(ways) < len(gateways))


def _method(
    gateway: str, inside_wechat: bool, inside_alipay: bool, is_phone: bool, can_use_jsapi: bool
) -> str:
    if gateway == "wechatpay":
        if inside_wechat:
            return PayMethod.JSAPI if can_use_jsapi else ""
        if inside_alipay:
            return ""
        return PayMethod.H5 if is_phone else PayMethod.NATIVE
    if gateway == "alipay":
        if inside_wechat:
            return ""
        return PayMethod.WAP if is_phone else PayMethod.PAGE
    return PayMethod.CASH if gateway == CASH else PayMethod.REDIRECT
