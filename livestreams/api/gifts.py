"""Gifts of a room; paying them is the business of payments."""

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from common.idempotency import parse_key
from livestreams import selectors
from livestreams.selectors.gifts import get_own_gift, list_gift_kinds
from livestreams.serializers import gifts as serializers
from livestreams.services.gifting import send_gift
from livestreams.statuses import ON_AIR

KEY_PARAMETER = OpenApiParameter("Idempotency-Key", OpenApiTypes.UUID, OpenApiParameter.HEADER, required=True)


class Gifts(APIView):
    """Gifts of one room."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    def get_throttles(self):
        """Giving has the limit of orders."""
        self.throttle_scope = "order" if self.request.method == "POST" else None
        return super().get_throttles()

    @extend_schema(operation_id="gifts_kinds", responses=serializers.GiftKindsSerializer)
    def get(self, request: Request, session_id: int) -> Response:
        """Return what can be given; `is_open` while the show is on."""
        session = selectors.get_session_for(request.user, session_id)
        answer = {
            "kinds": list_gift_kinds(),
            "is_open": session.status in ON_AIR,
            "max_fen": settings.GIFT_MAX_FEN,
            "day_max_fen": settings.GIFT_DAY_MAX_FEN,
            "max_quantity": settings.GIFT_MAX_QUANTITY,
        }
        return Response(serializers.GiftKindsSerializer(answer).data)

    @extend_schema(
        operation_id="gifts_send",
        request=serializers.GiftInputSerializer,
        responses={201: serializers.GiftSerializer, 200: serializers.GiftSerializer},
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Choose a gift; the room sees it once it is paid. 200 when the key was used before.

        409 `not_on_air`, `gift_gone`, `gift_limit`, `own_gift`; 403 `muted`, `banned`, `host_not_active`.
        """
        data = validated(serializers.GiftInputSerializer, request)
        gift, replayed = send_gift(
            giver=request.user,
            session_id=session_id,
            kind_id=data["kind"],
            quantity=data["quantity"],
            idempotency_key=parse_key(request.headers.get("Idempotency-Key")),
            now=utc_now(),
        )
        return Response(serializers.GiftSerializer(gift).data, status=200 if replayed else 201)


class GiftDetail(APIView):
    """One gift."""

    @extend_schema(operation_id="gifts_retrieve", responses=serializers.GiftSerializer)
    def get(self, request: Request, gift_id: int) -> Response:
        """Return a gift that the person chose."""
        return Response(serializers.GiftSerializer(get_own_gift(user=request.user, gift_id=gift_id)).data)
