"""A variant whose stock many farmers share, through the real services."""

import uuid
from datetime import datetime

from accounts.models import User
from common.models import AuditEntry
from ledger.models import LedgerEntry
from orders.models import LotAllocation
from shops.models import Farmer, Lot, Shop, StockMovement, TermSheet, Variant, VariantStock
from shops.services.pooling import Delivery, deliver_lot, publish_policy
from shops.statuses import AllocationRule
from tests.factories.shops import authorize_host, authorize_shop, make_farmer, make_product


def make_pool(
    *,
    shop: Shop,
    actor: User,
    now: datetime,
    rule: str = AllocationRule.PRO_RATA,
    price_fen: int = 6800,
    title: str = "合作社青稞",
) -> Variant:
    """Make a product of the shop whose one variant pools lots, without any yet."""
    variant = make_product(shop=shop, title=title, price_fen=price_fen, stock=0).variants.get()
    publish_policy(actor=actor, variant=variant, rule=rule, now=now)
    return variant


def make_grower(*, shop: Shop, name: str, floor_price_bp: int = 0, host=None, host_bp: int = 500) -> Farmer:
    """Make a farmer who lets the shop sell, and a host if one is named."""
    farmer = make_farmer(village=shop.village, name=name)
    authorize_shop(farmer=farmer, shop=shop, floor_price_bp=floor_price_bp)
    if host is not None:
        authorize_host(farmer=farmer, host=host, host_commission_bp=host_bp)
    return farmer


def bring(
    *, actor: User, variant: Variant, farmer: Farmer, quantity: int, now: datetime, grade: str = "A", **fields
) -> Lot:
    """Let a farmer bring units; graded, they are on sale at once."""
    return deliver_lot(
        actor=actor,
        variant=variant,
        farmer=farmer,
        delivery=Delivery(quantity, grade=grade, **fields),
        idempotency_key=uuid.uuid4(),
        now=now,
    )


def counted(variant: Variant) -> tuple[int, int, int]:
    """(free, held, sold) of a variant."""
    row = VariantStock.objects.get(pk=variant.pk)
    return row.available, row.reserved, row.sold


def lots_of(variant: Variant) -> list[tuple]:
    """(taken, lost, status) of each lot."""
    return list(variant.lots.order_by("pk").values_list("taken", "lost", "status"))


def everything(variant: Variant) -> tuple:
    """All that a refusal must leave as it was."""
    return (
        counted(variant), lots_of(variant), StockMovement.objects.count(), LotAllocation.objects.count(),
        TermSheet.objects.count(), Lot.objects.count(), AuditEntry.objects.count(),
    )  # fmt: skip


def payable(farmer: Farmer) -> int:
    """What a farmer is to be paid, in fen."""
    entries = LedgerEntry.objects.filter(
        account__purpose="farmer_payable", account__owner_id=farmer.pk, account__owner_kind="farmer"
    )
    return -sum(entries.values_list("amount_fen", flat=True))
