"""Villages, farmers, shops, hosts; photos, products, stock."""

from shops.models.freight import FreightTemplate, FreightZone
from shops.models.people import Farmer, FarmerAuthorization, Host, Shop, ShopMember, Village
from shops.models.photos import Photo
from shops.models.products import Category, Product, Variant
from shops.models.stock import (
    AllocationPolicy,
    DealStock,
    Lot,
    StockMovement,
    StockReservation,
    TermSheet,
    VariantStock,
)

__all__ = [
    "AllocationPolicy",
    "Category",
    "DealStock",
    "Farmer",
    "FarmerAuthorization",
    "FreightTemplate",
    "FreightZone",
    "Host",
    "Lot",
    "Photo",
    "Product",
    "Shop",
    "ShopMember",
    "StockMovement",
    "StockReservation",
    "TermSheet",
    "Variant",
    "VariantStock",
    "Village",
]
