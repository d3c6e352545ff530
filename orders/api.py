"""Doors of carts and orders in the API."""

from django.conf import settings
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import database_now, utc_now
from common.drf import validated
from common.idempotency import parse_key
from common.sessions import digest_of
from orders import serializers as shapes
from orders.models import Order
from orders.selectors import cart_lines, get_visible_order, list_visible_orders
from orders.services import cancelling, carting, receiving, shipping
from orders.services.granting import grant_deal, grant_goods
from orders.services.placing import place_order

KEY_PARAMETER = OpenApiParameter("Idempotency-Key", OpenApiTypes.UUID, OpenApiParameter.HEADER, required=True)


class CartLinesView(APIView):
    """The person's cart."""

    @extend_schema(operation_id="cart_lines_list", responses=shapes.CartLineSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return every line; a cart holds at most 50."""
        return Response(shapes.CartLineSerializer(cart_lines(request.user), many=True).data)

    @extend_schema(
        operation_id="cart_lines_create",
        request=shapes.AddCartLineSerializer,
        responses={201: shapes.CartLineSerializer},
    )
    def post(self, request: Request) -> Response:
        """Put units aside."""
        wanted = validated(shapes.AddCartLineSerializer, request)
        line = carting.add_to_cart(
            user=request.user,
            variant_id=wanted["variant"],
            quantity=wanted["quantity"],
            source=wanted["source"],
            now=utc_now(),
        )
        return Response(shapes.CartLineSerializer(line).data, status=201)


class CartLineView(APIView):
    """One line of the person's cart."""

    @extend_schema(
        operation_id="cart_lines_partial_update",
        request=shapes.SetQuantitySerializer,
        responses=shapes.CartLineSerializer,
    )
    def patch(self, request: Request, line_id: int) -> Response:
        """Change how many are wanted."""
        wanted = validated(shapes.SetQuantitySerializer, request)
        line = carting.set_quantity(user=request.user, line_id=line_id, quantity=wanted["quantity"])
        return Response(shapes.CartLineSerializer(line).data)

    @extend_schema(operation_id="cart_lines_destroy", responses={204: None})
    def delete(self, request: Request, line_id: int) -> Response:
        """Take the line out."""
        carting.remove_line(user=request.user, line_id=line_id)
        return Response(status=204)


class OrdersView(ListAPIView):
    """Orders that the person bought, or that their shops sold."""

    serializer_class = shapes.OrderSerializer
    queryset = Order.objects.none()
    filter_backends = []

    def get_queryset(self):
        """Start from the person's scope."""
        if getattr(self, "swagger_fake_view", False):
            return Order.objects.none()
        return list_visible_orders(user=self.request.user)

    @property
    def throttle_scope(self) -> str | None:
        """Limit placing more than looking."""
        return "order" if self.request.method == "POST" else None

    @extend_schema(
        operation_id="orders_create",
        request=shapes.PlaceOrderSerializer,
        responses={201: shapes.PlacedSerializer, 200: shapes.PlacedSerializer},
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request) -> Response:
        """Hold the goods of a purchase; the same key again gives 200 and the same answer."""
        key = parse_key(request.headers.get("Idempotency-Key"))
        wanted = validated(shapes.PlaceOrderSerializer, request)
        answer, replayed = place_order(
            buyer=request.user,
            coupon_id=wanted["coupon"],
            idempotency_key=key,
            # Until when the goods are held is counted on the database's clock, as their release is.
            now=database_now(),
            **shapes.wish_of(wanted),
        )
        return Response(answer, status=200 if replayed else 201)


class DealGrantView(APIView):
    """The way to the fast door of a flash deal."""

    @extend_schema(operation_id="deals_order_token", request=None, responses=shapes.GrantSerializer)
    def post(self, request: Request, deal_id: int) -> Response:
        """Return a token for the person's orders of this deal, good for ten minutes."""
        grant = grant_deal(buyer=request.user, deal_id=deal_id, **_caller(request), now=utc_now())
        return Response(shapes.GrantSerializer(grant).data)


class OrderGrantView(APIView):
    """The way to the fast door of ordinary goods."""

    @extend_schema(operation_id="orders_order_token", request=None, responses=shapes.GrantSerializer)
    def post(self, request: Request) -> Response:
        """Return a token for the person's orders, good for ten minutes."""
        grant = grant_goods(buyer=request.user, **_caller(request), now=utc_now())
        return Response(shapes.GrantSerializer(grant).data)


def _caller(request: Request) -> dict[str, str]:
    """What a grant is bound to, and the language of its refusals."""
    sign_in = request.auth.digest if request.auth else digest_of(request.session.session_key or "")
    return {"sign_in": sign_in, "language": get_language() or settings.LANGUAGE_CODE}


class OrderView(APIView):
    """One order, for its buyer or its shop."""

    @extend_schema(operation_id="orders_retrieve", responses=shapes.OrderSerializer)
    def get(self, request: Request, number: str) -> Response:
        """Return the order; 404 for a stranger."""
        return _answer(request, number)


class CancelOrderView(APIView):
    """Call an order off."""

    @extend_schema(
        operation_id="orders_cancel", request=shapes.CancelSerializer, responses=shapes.OrderSerializer
    )
    def post(self, request: Request, number: str) -> Response:
        """Cancel as its buyer, or as a member of its shop."""
        words = validated(shapes.CancelSerializer, request)["reason"]
        order = get_visible_order(user=request.user, number=number)
        if order.group.buyer_id == request.user.pk:
            cancelling.cancel_by_buyer(buyer=request.user, number=number, now=utc_now())
        else:
            cancelling.cancel_by_shop(actor=request.user, number=number, words=words, now=utc_now())
        return _answer(request, number)


class ShipOrderView(APIView):
    """Hand an order to a carrier."""

    @extend_schema(
        operation_id="orders_ship", request=shapes.ShipSerializer, responses=shapes.OrderSerializer
    )
    def post(self, request: Request, number: str) -> Response:
        """Ship as a member of the order's shop: the lines named, or all that is still to send."""
        parcel = validated(shapes.ShipSerializer, request)
        shipping.ship_order(
            actor=request.user,
            number=number,
            carrier=parcel["carrier"],
            tracking_number=parcel["tracking_number"],
            lines=[shipping.Packed(line["line"], line["quantity"]) for line in parcel["lines"]],
            now=utc_now(),
        )
        return _answer(request, number)


class ReceiveOrderView(APIView):
    """Confirm that the parcel has come."""

    @extend_schema(operation_id="orders_receive", request=None, responses=shapes.OrderSerializer)
    def post(self, request: Request, number: str) -> Response:
        """Complete the buyer's own order."""
        receiving.receive_order(buyer=request.user, number=number, now=utc_now())
        return _answer(request, number)


def _answer(request: Request, number: str) -> Response:
    order = get_visible_order(user=request.user, number=number)
    return Response(shapes.OrderSerializer(order).data)
