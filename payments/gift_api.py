"""Paying a gift in the API."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from common.idempotency import parse_key
from livestreams.selectors.gifts import get_own_gift
from payments.api import KEY_PARAMETER, going_by, next_step
from payments.serializers import PayAnswerSerializer, PayRequestSerializer
from payments.services.starting import start_gift_payment


class GiftPayView(APIView):
    """Start to pay a gift."""

    throttle_scope = "order"

    @extend_schema(
        operation_id="gifts_pay",
        request=PayRequestSerializer,
        responses={201: PayAnswerSerializer, 200: PayAnswerSerializer},
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, gift_id: int) -> Response:
        """Make the gift payable and say where; 200 when the key was used before.

        409 `gift_expired`, `not_on_air`, `move_refused` once it is paid; 503 `gateway_unavailable`.
        """
        get_own_gift(user=request.user, gift_id=gift_id)
        wanted = validated(PayRequestSerializer, request)
        key = parse_key(request.headers.get("Idempotency-Key"))
        payment, replayed = start_gift_payment(
            giver=request.user,
            gift_id=gift_id,
            idempotency_key=key,
            now=utc_now(),
            **going_by(request, wanted),
        )
        return Response(next_step(payment), status=200 if replayed else 201)
