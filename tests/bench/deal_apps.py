"""What the door of deals is compared with, behind the same server."""

# ruff: noqa: E402 (models can be imported once Django is set up: this file is a server's entry)

import json
import os
import uuid

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
django.setup()

from django.db import close_old_connections, transaction

from accounts.models import User
from common import outbox
from common.clock import utc_now
from common.errors import MarketError
from orders.services import placing
from orders.services.granting import read_grant
from orders.services.pricing import WantedLine
from shops.models import DealStock

# What the door does for a whole batch outside its way is not done here at all, in favour of this side.
placing._settle_later = lambda deal_id: None
outbox.hand_over = lambda messages, *, countdown=0: 0


def row_lock(environ, start_response):
    """The ORM's way: lock the row of stock, look, write the same rows. No middleware, no serializer."""
    close_old_connections()
    deal_id = int(environ["PATH_INFO"].split("/")[4])
    token = environ["HTTP_AUTHORIZATION"].partition(" ")[2]
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    now = utc_now()
    buyer = User.objects.get(pk=read_grant(token, deal_id=deal_id, now=now).user_id)
    line = body["lines"][0]
    try:
        with transaction.atomic():
            DealStock.objects.select_for_update().get(deal=deal_id)
            answer, replayed = placing.place_order(
                buyer=buyer, lines=[WantedLine(line["variant"], line["quantity"], deal_id=deal_id)],
                address_id=body["address"], now=now,
                idempotency_key=uuid.UUID(environ["HTTP_IDEMPOTENCY_KEY"]),
            )  # fmt: skip
        status = "200 OK" if replayed else "201 Created"
    except MarketError as error:
        status, answer = "409 Conflict", {"code": error.code}
    raw = json.dumps(answer).encode()
    start_response(status, [("content-type", "application/json"), ("content-length", str(len(raw)))])
    return [raw]
