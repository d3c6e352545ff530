"""The market's web and worker as they run, with places where a test has them shot: SIGKILL, once a place.

The file named by MARKET_TEST_ARM says where, a place a line; a shot takes its line away.
"""

# ruff: noqa: E402 (models can be imported once Django is set up: this file is a server's entry)

import functools
import os
import signal
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
django.setup()

from common import outbox
from payments.gateways.alipay import AlipayGateway
from payments.gateways.wechatpay import WeChatPayGateway
from payments.services import receiving, refunding, starting
from payouts.services import transferring
from payouts.transfers.alipay import AlipayTransfers
from payouts.transfers.wechatpay import WeChatTransfers
from villagemarket.celery import app
from villagemarket.wsgi import application as pages

__all__ = ["app", "application"]


def die_at(place: str) -> None:
    file = Path(os.environ["MARKET_TEST_ARM"])
    places = file.read_text().splitlines()
    if place in places:
        places.remove(place)
        file.write_text("\n".join(places))
        os.kill(os.getpid(), signal.SIGKILL)


def arm(owner, name: str, *, before: str = "", after: str | tuple[str, ...] = ()) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    def run(*arguments, **named):
        die_at(before)
        result = real(*arguments, **named)
        for place in (after,) if isinstance(after, str) else after:
            die_at(place)
        return result

    setattr(owner, name, run)


for adapter in (AlipayGateway, WeChatPayGateway):
    arm(adapter, "refund", before="refund: before the call", after="refund: after the call")
    arm(adapter, "create", before="create: before the call", after="create: after the call")
arm(refunding, "settle_refund", after="refund: after the commit")
arm(starting, "_note_created", after="create: after the commit")
arm(receiving, "settle_payment", before="callback: before the call", after="callback: after the commit")
for way in (AlipayTransfers, WeChatTransfers):
    arm(way, "send", before="payout: before the call", after="payout: after the call")
arm(transferring, "settle_transfer", after="payout: after the commit")
arm(outbox, "deliver", after=("refund: before the ack", "payout: before the ack"))


def application(environ, start_response):
    answer = pages(environ, start_response)
    path = environ["PATH_INFO"]
    if path.endswith("/pay/"):
        die_at("create: before the ack")
    elif "/payments/callbacks/" in path:
        die_at("callback: before the ack")
    return answer
