"""What the market's ways of ordering are compared with: lean ORM code behind the same server.

The same rows and promises (a key is used once, a limit per buyer), each row with one statement of the ORM,
the row of stock locked last. No middleware, no serializer, nothing handed to a broker: all in its favour.
"""

# ruff: noqa: E402 (models can be imported once Django is set up: this file is a server's entry)

import json
import os
import secrets
import uuid
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
django.setup()

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import Sum

from accounts.models import ApiToken, User
from accounts.selectors import token_digest
from common.clock import utc_now
from common.models import IdempotencyKey, OutboxMessage
from livestreams.models import FlashDeal, PinEvent
from orders.models import CommissionLine, Order, OrderGroup, OrderLine
from orders.services.granting import read_grant
from shops.models import DealStock, StockReservation, Variant, VariantStock
from shops.pricing import split_price


class Refused(Exception):
    """What the buyer is told, as a code."""


def row_lock(environ, start_response):
    """`POST /api/v1/orders/` and `POST /api/v1/deals/<deal>/orders/`."""
    close_old_connections()
    token = environ["HTTP_AUTHORIZATION"].partition(" ")[2]
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    line, now = body["lines"][0], utc_now()
    if "/deals/" in environ["PATH_INFO"]:
        buyer = User.objects.get(pk=read_grant(token, deal_id=line["deal"], now=now).user_id)
    else:
        buyer = ApiToken.objects.select_related("user").get(digest=token_digest(token), revoked_at=None).user
    key = uuid.UUID(environ["HTTP_IDEMPOTENCY_KEY"])
    try:
        with transaction.atomic():
            stored = IdempotencyKey.objects.filter(actor=f"user:{buyer.pk}", key=key).first()
            status, answer = "200 OK", stored.answer if stored else None
            if answer is None:
                status, answer = "201 Created", _place(buyer, line, body["address"], key, now)
    except Refused as refusal:
        status, answer = "409 Conflict", {"code": str(refusal)}
    raw = json.dumps(answer).encode()
    start_response(status, [("content-type", "application/json"), ("content-length", str(len(raw)))])
    return [raw]


def _place(buyer, wanted, address_id, key, now):
    variant = Variant.objects.select_related("product").get(pk=wanted["variant"])
    product, quantity = variant.product, wanted["quantity"]
    address = buyer.addresses.get(pk=address_id)
    deal = pin = host = None
    price_fen, host_bp = variant.price_fen, 0
    if wanted.get("deal"):
        deal = FlashDeal.objects.select_related("session__host", "rundown_item").get(pk=wanted["deal"])
        pins = PinEvent.objects.filter(session=deal.session, rundown_item=deal.rundown_item)
        pin = pins.filter(closed_at=None).first()
        host, host_bp, price_fen = deal.session.host, deal.rundown_item.host_commission_bp, deal.price_fen
        own = OrderLine.objects.filter(order__group__buyer=buyer, flash_deal=deal)
        had = own.exclude(order__status="cancelled").aggregate(n=Sum("quantity"))["n"] or 0
        if had + quantity > deal.per_buyer:
            raise Refused("limit_per_buyer")
    goods_fen, freight_fen = price_fen * quantity, settings.FLAT_FREIGHT_FEN
    split = split_price(
        total_fen=goods_fen, host_commission_bp=host_bp, platform_fee_bp=settings.PLATFORM_FEE_BP
    )
    until = now + timedelta(minutes=settings.RESERVATION_MINUTES)
    group = OrderGroup.objects.create(
        buyer=buyer, total_fen=goods_fen + freight_fen, created_at=now, expires_at=until
    )
    order = Order.objects.create(
        number=f"{now:%y%m%d}{secrets.randbelow(10**10):010d}", group=group, shop_id=product.shop_id,
        goods_fen=goods_fen, freight_fen=freight_fen, total_fen=goods_fen + freight_fen,
        recipient=address.recipient, phone=address.phone, region_code=address.region_code,
        region=address.region, address=address.detail, placed_at=now,
    )  # fmt: skip
    line = OrderLine.objects.create(
        order=order, variant=variant, farmer_id=product.farmer_id, title=product.title,
        variant_name=variant.name, price_fen=price_fen, quantity=quantity, total_fen=goods_fen,
        live_session=deal and deal.session, pin_event=pin, flash_deal=deal,
    )  # fmt: skip
    shares = [CommissionLine(order_line=line, kind="platform", rate_bp=settings.PLATFORM_FEE_BP,
                             amount_fen=split.platform_fen)]  # fmt: skip
    if host_bp:
        shares.append(
            CommissionLine(
                order_line=line, kind="host", host=host, rate_bp=host_bp, amount_fen=split.host_fen
            )
        )
    CommissionLine.objects.bulk_create(shares)
    OutboxMessage.objects.create(
        task="orders.after_placed", kwargs={"order_id": order.pk}, created_at=now, due_at=now
    )
    answer = {
        "group": group.pk,
        "orders": [{"number": order.number, "shop": order.shop_id, "total_fen": order.total_fen}],
        "total_fen": group.total_fen,
        "expires_at": until.isoformat(),
    }
    IdempotencyKey.objects.create(
        actor=f"user:{buyer.pk}", operation="orders.place", key=key, body_hash=secrets.token_hex(32),
        answer=answer, created_at=now,
    )  # fmt: skip
    line.reservation = StockReservation.objects.create(
        variant=variant, deal_stock_id=deal and deal.stock_id, quantity=quantity,
        reference=f"order_line:{line.pk}", expires_at=until, created_at=now,
    )  # fmt: skip
    line.save(update_fields=["reservation"])
    model, pk = (DealStock, deal.stock_id) if deal else (VariantStock, variant.pk)
    stock = model.objects.select_for_update().get(pk=pk)
    if stock.available < quantity:
        raise Refused("sold_out")
    stock.available -= quantity
    stock.reserved += quantity
    stock.save(update_fields=["available", "reserved"])
    return answer
