"""Flash deals of a session (api.md)."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import database_now
from common.drf import validated
from livestreams import selectors
from livestreams.models import FlashDeal
from livestreams.serializers import deals as serializers
from livestreams.services import dealing
from livestreams.statuses import ON_AIR


def _answer(deal: FlashDeal, code: int = 200) -> Response:
    fresh = selectors.get_deal(deal.pk)
    data = selectors.crew_deal_data(fresh, now=database_now())
    return Response(serializers.CrewDealSerializer(data).data, code)


class Deals(APIView):
    """The deals of a session."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(responses=serializers.DealSerializer(many=True), operation_id="deals_list")
    def get(self, request: Request, session_id: int) -> Response:
        """Return what is counting down or on sale; every deal, with what was sold, to the crew."""
        session = selectors.get_session_for(request.user, session_id)
        now = database_now()
        if selectors.is_crew(request.user, session):
            rows = [selectors.crew_deal_data(deal, now=now) for deal in selectors.list_deals(session)]
            return Response(serializers.CrewDealSerializer(rows, many=True).data)
        found = selectors.open_deals(session, now=now) if session.status in ON_AIR else []
        rows = [selectors.deal_data(deal, now=now) for deal in found]
        return Response(serializers.DealSerializer(rows, many=True).data)

    @extend_schema(
        request=serializers.DealInputSerializer,
        responses={201: serializers.CrewDealSerializer},
        operation_id="deals_create",
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Plan a deal, and on air start it; 409 `below_floor_price`, `quota_reached`, `stock_too_low`."""
        data = validated(serializers.DealInputSerializer, request)
        starts = data["start"]
        if starts is None:
            session = selectors.get_session_for(request.user, session_id)
            starts = session.status in ON_AIR
        deal = dealing.create_deal(
            actor=request.user, session_id=session_id, item_id=data["rundown_item"],
            price_fen=data["price_fen"], quantity=data["quantity"], per_buyer=data["per_buyer"],
            seconds=data["seconds"], countdown=data["countdown"], starts=starts, now=database_now(),
        )  # fmt: skip
        return _answer(deal, status.HTTP_201_CREATED)


class DealTerms(APIView):
    """What a deal may cost."""

    @extend_schema(responses=serializers.DealTermsSerializer(many=True), operation_id="deal_terms_list")
    def get(self, request: Request, session_id: int) -> Response:
        """Return the show's goods with the farmers' terms, to those who set prices."""
        session = selectors.get_presented_session(request.user, session_id)
        return Response(serializers.DealTermsSerializer(dealing.deal_terms(session), many=True).data)


class DealStart(APIView):
    """Begin."""

    @extend_schema(request=None, responses=serializers.CrewDealSerializer, operation_id="deals_start")
    def post(self, request: Request, deal_id: int) -> Response:
        """Set the units aside; the countdown runs. Again: no effect."""
        return _answer(dealing.start_deal(actor=request.user, deal_id=deal_id, now=database_now()))


class DealExtend(APIView):
    """Go on for longer."""

    @extend_schema(
        request=serializers.DealExtendSerializer,
        responses=serializers.CrewDealSerializer,
        operation_id="deals_extend",
    )
    def post(self, request: Request, deal_id: int) -> Response:
        """Add seconds; 409 `deal_closed` once it is over."""
        data = validated(serializers.DealExtendSerializer, request)
        deal = dealing.extend_deal(
            actor=request.user, deal_id=deal_id, seconds=data["seconds"], now=database_now()
        )
        return _answer(deal)


class DealStop(APIView):
    """End before the time."""

    @extend_schema(request=None, responses=serializers.CrewDealSerializer, operation_id="deals_stop")
    def post(self, request: Request, deal_id: int) -> Response:
        """End it; what nobody holds goes back to the shelf. Moderators may, too. Again: no effect."""
        return _answer(dealing.stop_deal(actor=request.user, deal_id=deal_id, now=database_now()))
