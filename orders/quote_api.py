"""What a purchase would cost, before it is placed."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.drf import validated
from orders.serializers import PlaceOrderSerializer, wish_of
from orders.services.quoting import quote_lines


class QuoteSerializer(serializers.Serializer):
    """What it costs now, in fen, before a coupon."""

    goods_fen = serializers.IntegerField()
    freight_fen = serializers.IntegerField()
    total_fen = serializers.IntegerField()


class OrderQuotesView(APIView):
    """Ask for the price of a purchase; the body is that of an order, and nothing is written."""

    @extend_schema(
        operation_id="order_quotes_create", request=PlaceOrderSerializer, responses={200: QuoteSerializer}
    )
    def post(self, request: Request) -> Response:
        """Return goods, freight and total, or refuse as the order would."""
        wanted = validated(PlaceOrderSerializer, request)
        quote = quote_lines(user=request.user, **wish_of(wanted))
        return Response(QuoteSerializer(quote).data)
