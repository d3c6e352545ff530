"""Doors of payments in the API."""

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import database_now, utc_now
from common.drf import validated
from common.idempotency import parse_key
from orders.selectors import get_group, get_visible_order
from orders.serializers import OrderSerializer
from orders.services.confirming import refuse_parcel
from payments.models import Payment, PaymentCallback
from payments.offers import CASH, PAYER, offer_for
from payments.selectors import get_payment
from payments.serializers import (
    CallbackAnswerSerializer,
    CashSerializer,
    PayAnswerSerializer,
    PaymentSerializer,
    PayRequestSerializer,
    WeChatPayAnswerSerializer,
)
from payments.services.collecting import confirm_cash, record_cash
from payments.services.receiving import receive_callback
from payments.services.starting import start_payment
from payments.statuses import PayMethod

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
        wanted = validated(PayRequestSerializer, request)
        key = parse_key(request.headers.get("Idempotency-Key"))
        now = database_now()
        if wanted["gateway"] == CASH:
            replayed = confirm_cash(buyer=request.user, group_id=group_id, idempotency_key=key, now=now)
            page = f"/orders/{get_group(user=request.user, group_id=group_id).orders.earliest('pk').number}/"
            answer = {"payment": None, "next": {"kind": "done", "url": "", "page": page}}
            return Response(answer, status=200 if replayed else 201)
        get_group(user=request.user, group_id=group_id)
        payment, replayed = start_payment(
            buyer=request.user,
            group_id=group_id,
            idempotency_key=key,
            now=now,
            **going_by(request, wanted),
        )
        return Response(next_step(payment), status=200 if replayed else 201)


def next_step(payment: Payment) -> dict:
    """Return a started payment and where it is paid."""
    kind = {PayMethod.NATIVE: "qr", PayMethod.JSAPI: "jsapi"}.get(payment.method, "redirect")
    page = f"/checkout/payments/{payment.pk}/"
    return {"payment": payment.pk, "next": {"kind": kind, "url": payment.pay_url, "page": page}}


def going_by(request: Request, wanted: dict[str, str]) -> dict[str, str]:
    """Return how this browser goes to a gateway, as the services that start a payment want it.

    UnknownGateway when it is not offered here.
    """
    payer = request.session.get(PAYER, "") if hasattr(request, "session") else ""
    return {
        "gateway": wanted["gateway"],
        "method": wanted.get("method") or _way_of(request, wanted["gateway"], payer),
        "payer": payer,
        "client_ip": request.META.get("REMOTE_ADDR", ""),
        "origin": f"{request.scheme}://{request.get_host()}",
    }


def _way_of(request: Request, gateway: str, payer: str) -> str:
    offer = offer_for(
        user_agent=request.headers.get("User-Agent", ""),
        gateways=settings.PAYMENT_GATEWAYS,
        can_use_jsapi=bool(payer),
    )
    return offer.way_of(gateway).method


class PaymentView(APIView):
    """How a payment stands."""

    @extend_schema(operation_id="payments_retrieve", responses=PaymentSerializer)
    def get(self, request: Request, payment_id: int) -> Response:
        """Return the buyer's own payment."""
        return Response(PaymentSerializer(get_payment(user=request.user, payment_id=payment_id)).data)


class CashView(APIView):
    """Cash on delivery arrives."""

    @extend_schema(operation_id="orders_cash", request=CashSerializer, responses=OrderSerializer)
    def post(self, request: Request, number: str) -> Response:
        """Note, as a member of the order's shop, that its buyer has paid; everyone's share is booked."""
        wanted = validated(CashSerializer, request)
        record_cash(actor=request.user, number=number, now=utc_now(), **wanted)
        return Response(OrderSerializer(get_visible_order(user=request.user, number=number)).data)


class RefusedParcelView(APIView):
    """A parcel that was to be paid at the door comes back."""

    @extend_schema(operation_id="orders_refused", request=None, responses=OrderSerializer)
    def post(self, request: Request, number: str) -> Response:
        """Note it as a member of the order's shop; the goods go back to the shelf."""
        refuse_parcel(actor=request.user, number=number, now=utc_now())
        return Response(OrderSerializer(get_visible_order(user=request.user, number=number)).data)


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
