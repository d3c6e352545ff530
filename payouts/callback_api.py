"""Where providers report transfers; their signature is the only way in."""

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import utc_now
from payments.api import CallbackView
from payments.models import PaymentCallback
from payments.serializers import WeChatPayAnswerSerializer
from payouts.services.hearing import receive_transfer_callback
from payouts.statuses import PayoutMethod


class TransferCallbackView(CallbackView):
    """A callback about a transfer: as little is parsed before it is verified as of a payment's."""

    way = ""

    def receive(self, request: Request) -> PaymentCallback:
        """Keep and settle a signed message (rules.md 1)."""
        body = request._request.read(settings.CALLBACK_MAX_BYTES + 1)
        return receive_transfer_callback(
            way=self.way, headers=request._request.headers, body=body, now=utc_now()
        )


class WeChatTransferCallbackView(TransferCallbackView):
    """Where WeChat Pay reports that a transfer is over."""

    way = PayoutMethod.WECHAT

    @extend_schema(
        operation_id="payouts_callbacks_wechatpay",
        request={"application/json": OpenApiTypes.OBJECT},
        responses={200: WeChatPayAnswerSerializer},
    )
    def post(self, request: Request) -> Response:
        """Keep and settle a signed message, then say so in WeChat Pay's words; anything else it repeats."""
        self.receive(request)
        return Response({"code": "SUCCESS", "message": ""})


class AlipayTransferCallbackView(TransferCallbackView):
    """The app gateway to which Alipay's message service reports transfers."""

    way = PayoutMethod.ALIPAY

    @extend_schema(
        operation_id="payouts_callbacks_alipay",
        request={"application/x-www-form-urlencoded": OpenApiTypes.OBJECT},
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def post(self, request: Request) -> HttpResponse:
        """Keep and settle a signed message, then say the one word that ends Alipay's repeating."""
        self.receive(request)
        return HttpResponse("success", content_type="text/plain")
