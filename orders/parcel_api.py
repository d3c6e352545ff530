"""Doors of parcels in the API: what trackers report, and a buyer's wish for more time."""

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from orders.selectors import get_visible_order
from orders.serializers import OrderSerializer
from orders.services.receiving import extend_receiving
from orders.services.tracking import receive_report

REPORT_ANSWER = inline_serializer(
    "TrackingAnswer",
    {
        "result": serializers.BooleanField(),
        "returnCode": serializers.CharField(),
        "message": serializers.CharField(),
    },
)


class Kuaidi100ReportView(APIView):
    """Where Kuaidi100 reports. The signature is the only credential."""

    authentication_classes = []
    permission_classes = [AllowAny]
    # A busy hour of the carriers' must not be refused: buyers would wait for news.
    throttle_classes = []
    # Nothing is parsed before it is verified.
    parser_classes = []

    @extend_schema(
        operation_id="tracking_kuaidi100",
        request={"application/x-www-form-urlencoded": OpenApiTypes.OBJECT},
        responses={200: REPORT_ANSWER},
    )
    def post(self, request: Request) -> Response:
        """Keep a signed report, let its parcel follow, then say so in Kuaidi100's words."""
        body = request._request.read(settings.CALLBACK_MAX_BYTES + 1)
        receive_report(tracker="kuaidi100", headers=request._request.headers, body=body, now=utc_now())
        return Response({"result": True, "returnCode": "200", "message": "成功"})


class MoreTimeView(APIView):
    """More time before an order completes by itself."""

    @extend_schema(operation_id="orders_more_time", request=None, responses=OrderSerializer)
    def post(self, request: Request, number: str) -> Response:
        """Give the buyer some days more, once."""
        extend_receiving(buyer=request.user, number=number, now=utc_now())
        return Response(OrderSerializer(get_visible_order(user=request.user, number=number)).data)
