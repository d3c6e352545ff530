"""Doors of parcels in the API: what trackers report, and a buyer's wish for more time."""

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from common.errors import NotFound
from orders.selectors import get_visible_order
from orders.serializers import OrderSerializer
from orders.services import importing
from orders.services.correcting import correct_parcel
from orders.services.receiving import extend_receiving
from orders.services.tracking import receive_report
from orders.statuses import Carrier
from shops.selectors import shops_of

REPORT_ANSWER = inline_serializer(
    "TrackingAnswer",
    {
        "result": serializers.BooleanField(),
        "returnCode": serializers.CharField(),
        "message": serializers.CharField(),
    },
)


class ImportSerializer(serializers.Serializer):
    """A sheet; `dry_run` only says what would become of each row."""

    file = serializers.FileField(max_length=200)
    dry_run = serializers.BooleanField(required=False, default=True)


class ImportRowSerializer(serializers.Serializer):
    """What became of a row: ready, sent, repeated, refused (see `problem`), or left for the next call."""

    row = serializers.IntegerField()
    number = serializers.CharField()
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()
    outcome = serializers.CharField()
    problem = serializers.CharField()
    message = serializers.CharField()


class ImportView(APIView):
    """Tracking numbers by the sheet."""

    parser_classes = [MultiPartParser]
    throttle_scope = "order"

    @extend_schema(
        operation_id="shipments_import",
        request=ImportSerializer,
        responses=ImportRowSerializer(many=True),
        filters=False,
    )
    def post(self, request: Request) -> Response:
        """Check a CSV sheet as a member of a shop, and ship what it names unless `dry_run`."""
        if not shops_of(request.user).exists():
            raise NotFound()
        wanted = validated(ImportSerializer, request)
        rows = importing.read_sheet(wanted["file"].read(importing.MAX_BYTES + 1))
        if wanted["dry_run"]:
            rows = importing.check_sheet(actor=request.user, rows=rows)
        else:
            rows = importing.send_sheet(actor=request.user, rows=rows, now=utc_now())
        return Response(ImportRowSerializer(rows, many=True).data)


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


class CorrectParcelSerializer(serializers.Serializer):
    """Under which number a parcel really travels."""

    carrier = serializers.ChoiceField(choices=Carrier.choices)
    tracking_number = serializers.CharField(max_length=40)


class CorrectParcelView(APIView):
    """A tracking number that was wrong."""

    throttle_scope = "order"

    @extend_schema(
        operation_id="shipments_correct", request=CorrectParcelSerializer, responses=OrderSerializer
    )
    def post(self, request: Request, shipment_id: int) -> Response:
        """Put it right as a member of the shop, before the parcel is delivered; the buyer is told."""
        wanted = validated(CorrectParcelSerializer, request)
        parcel = correct_parcel(actor=request.user, shipment_id=shipment_id, now=utc_now(), **wanted)
        order = get_visible_order(user=request.user, number=parcel.order.number)
        return Response(OrderSerializer(order).data)
