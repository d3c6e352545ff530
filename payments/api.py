"""Doors of payments in the API."""

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.idempotency import parse_key
from payments.models import PaymentCallback
from payments.selectors import get_payment
from payments.serializers import (
    CallbackAnswerSerializer,
    PayAnswerSerializer,
    PaymentSerializer,
    PayRequestSerializer,
    WeChatPayAnswerSerializer,
)
from payments.services.receiving import receive_callback
from payments.services.starting import start_payment

KEY_PARAMETER = OpenApiParameter("Idempotency-Key", OpenApiTypes.UUID, OpenApiParameter.HEADER, required=True)


class PayView(APIView):
    """Start to pay a purchase."""

    throttle_scope = "order"

    @extend_schema(
        operation_id="order_groups_pay",
        request=PayRequestSerializer,
        responses={201: PayAnswerSerializer, 200: PayAnswerSerializer},
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, group_id: int) -> Response:
        """Make the purchase payable and say where; 200 when the key was used before."""
        serializer = PayRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        payment, replayed = start_payment(
            buyer=request.user,
            group_id=group_id,
            gateway=serializer.validated_data["gateway"],
            idempotency_key=parse_key(request.headers.get("Idempotency-Key")),
            origin=f"{request.scheme}://{request.get_host()}",
            now=utc_now(),
        )
        answer = {"payment": payment.pk, "next": {"kind": "redirect", "url": payment.pay_url}}
        return Response(answer, status=200 if replayed else 201)


class PaymentView(APIView):
    """How a payment stands."""

    @extend_schema(operation_id="payments_retrieve", responses=PaymentSerializer)
    def get(self, request: Request, payment_id: int) -> Response:
        """Return the buyer's own payment."""
        return Response(PaymentSerializer(get_payment(user=request.user, payment_id=payment_id)).data)


class CallbackView(APIView):
    """Where a provider reports; its signature is the only way in."""

    authentication_classes = []
    permission_classes = [AllowAny]
    # A busy hour of the provider's must not be refused: money would wait.
    throttle_classes = []
    # Nothing is parsed before it is verified, so no parser may refuse it first either.
    parser_classes = []
    gateway = ""

    def receive(self, request: Request) -> PaymentCallback:
        """Keep and settle a signed callback (rules.md 1)."""
        # The raw bytes are what was signed; one more than allowed is enough to refuse.
        body = request._request.read(settings.CALLBACK_MAX_BYTES + 1)
        return receive_callback(
            gateway=self.gateway, headers=request._request.headers, body=body, now=utc_now()
        )


class SandboxCallbackView(CallbackView):
    """Where the sandbox provider reports."""

    gateway = "sandbox"

    @extend_schema(
        operation_id="payments_callbacks_sandbox",
        request={"application/json": OpenApiTypes.OBJECT},
        responses={200: CallbackAnswerSerializer},
    )
    def post(self, request: Request) -> Response:
        """Keep and settle a signed callback, then answer (rules.md 1)."""
        return Response({"outcome": self.receive(request).outcome})


class WeChatPayCallbackView(CallbackView):
    """Where WeChat Pay reports payments and refunds."""

    gateway = "wechatpay"

    @extend_schema(
        operation_id="payments_callbacks_wechatpay",
        request={"application/json": OpenApiTypes.OBJECT},
        responses={200: WeChatPayAnswerSerializer},
    )
    def post(self, request: Request) -> Response:
        """Keep and settle a signed callback, then say so in WeChat Pay's words; anything else it repeats."""
        self.receive(request)
        return Response({"code": "SUCCESS", "message": ""})


class AlipayCallbackView(CallbackView):
    """Where Alipay reports payments and refunds."""

    gateway = "alipay"

    @extend_schema(
        operation_id="payments_callbacks_alipay",
        request={"application/x-www-form-urlencoded": OpenApiTypes.OBJECT},
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def post(self, request: Request) -> HttpResponse:
        """Keep and settle a signed callback, then say the one word that ends Alipay's repeating."""
        self.receive(request)
        return HttpResponse("success", content_type="text/plain")
