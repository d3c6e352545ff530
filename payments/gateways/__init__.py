"""The payment providers that are switched on."""

from collections.abc import Callable

from django.conf import settings

from payments.errors import UnknownGateway
from payments.gateways.alipay import AlipayGateway
from payments.gateways.base import Gateway
from payments.gateways.sandbox import SandboxGateway
from payments.gateways.wechatpay import WeChatPayGateway

ADAPTERS: dict[str, Callable[[], Gateway]] = {
    "sandbox": SandboxGateway.from_settings,
    "alipay": AlipayGateway.from_settings,
    "wechatpay": WeChatPayGateway.from_settings,
}


def get_gateway(name: str) -> Gateway:
    """Return the adapter of a gateway that is offered, or was: refunds and late money still go through it.

    UnknownGateway for what neither settings.PAYMENT_GATEWAYS nor PAYMENT_GATEWAYS_RETIRED names.
    """
    if name not in (*settings.PAYMENT_GATEWAYS, *settings.PAYMENT_GATEWAYS_RETIRED) or name not in ADAPTERS:
        raise UnknownGateway()
    return ADAPTERS[name]()
