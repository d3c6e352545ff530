"""Daily bills of the providers: which there are, how they are asked for and read."""

from collections.abc import Callable
from datetime import date

from payments.errors import BadBill, UnknownGateway
from payments.gateways.bills import alipay, wechatpay
from payments.gateways.bills.base import Bill
from payments.statuses import BillKind

# Which bills a provider makes, and what reads one: (content, merchant, day).
READERS: dict[tuple[str, str], Callable[[bytes, str, date], Bill]] = {
    ("wechatpay", BillKind.TRADE): wechatpay.read_trade,
    ("wechatpay", BillKind.FUNDS): wechatpay.read_funds,
    ("alipay", BillKind.TRADE): alipay.read_trade,
}


def read_bill(*, gateway: str, kind: str, content: bytes, merchant: str, day: date) -> Bill:
    """Return what a bill says, packed or not; BadBill for anything but a whole bill of ours of that day."""
    reader = READERS.get((gateway, kind))
    if reader is None:
        raise UnknownGateway()
    try:
        return reader(content, merchant, day)
    except BadBill:
        raise
    except ValueError as error:
        raise BadBill(str(error)) from error
