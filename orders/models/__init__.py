"""Cart, coupons, orders with their frozen lines, shipments, refunds, cases, reviews, invoices, weighings."""

from orders.models.after_sales import (
    AfterSaleCase,
    AfterSaleEvent,
    AfterSaleLine,
    AfterSalePhoto,
    CommissionReturn,
)
from orders.models.allocations import Allotment, LotAllocation, LotReturn
from orders.models.cart import Cart, CartLine
from orders.models.conversations import Conversation, MessageReport, PrivateMessage
from orders.models.coupons import CouponCampaign, CouponClaim
from orders.models.invoices import Invoice
from orders.models.offers import CaseOffer, CaseOfferLine
from orders.models.orders import CommissionLine, Order, OrderGroup, OrderLine
from orders.models.refunds import RefundRequest
from orders.models.reviews import Review, ReviewPhoto, ReviewReport
from orders.models.shipments import (
    CarrierReport,
    ParcelCorrection,
    Shipment,
    ShipmentLine,
    TrackingEvent,
)
from orders.models.weighings import Weighing

__all__ = [
    "AfterSaleCase",
    "AfterSaleEvent",
    "AfterSaleLine",
    "AfterSalePhoto",
    "Allotment",
    "CarrierReport",
    "Cart",
    "CartLine",
    "CaseOffer",
    "CaseOfferLine",
    "CommissionLine",
    "CommissionReturn",
    "Conversation",
    "CouponCampaign",
    "CouponClaim",
    "Invoice",
    "LotAllocation",
    "LotReturn",
    "MessageReport",
    "Order",
    "OrderGroup",
    "OrderLine",
    "ParcelCorrection",
    "PrivateMessage",
    "RefundRequest",
    "Review",
    "ReviewPhoto",
    "ReviewReport",
    "Shipment",
    "ShipmentLine",
    "TrackingEvent",
    "Weighing",
]
