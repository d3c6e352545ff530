"""The payment providers that are switched on."""

from collections.abc import Callable

from django.conf import settings

from payments.errors import UnknownGateway
from payments.gateways.base import Gateway
from payments.gateways.sandbox import SandboxGateway

ADAPTERS: dict[str, Callable[[], Gateway]] = {"sandbox": SandboxGateway.from_settings}


def get_gateway(name: str) -> Gateway:
    """Return the adapter of a gateway that settings.PAYMENT_GATEWAYS names; UnknownGateway otherwise."""
    if name not in settings.PAYMENT_GATEWAYS or name not in ADAPTERS:
        raise UnknownGateway()
    return ADAPTERS[name]()
