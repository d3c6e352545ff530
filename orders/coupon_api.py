"""Doors of coupons in the API."""

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import database_now
from common.drf import validated
from livestreams.selectors import get_session_for, is_presenter
from orders import coupon_shapes as shapes
from orders.coupon_cards import coupon_data
from orders.coupon_selectors import list_campaigns, list_coupons, room_coupons
from orders.models import CouponCampaign, CouponClaim
from orders.services.campaigning import CouponTerms, create_campaign, stop_campaign
from orders.services.claiming import claim_coupon
from orders.services.offering import offer_in_room

TERMS = ("title", "minimum_fen", "total", "ends_at", "amount_off_fen", "percent_off", "cap_fen", "per_person")


class Campaigns(ListAPIView):
    """Coupon campaigns of the person's shops."""

    serializer_class = shapes.CampaignSerializer
    queryset = CouponCampaign.objects.none()
    filter_backends = []

    def get_queryset(self):
        """Start from the person's scope."""
        if getattr(self, "swagger_fake_view", False):
            return CouponCampaign.objects.none()
        return list_campaigns(self.request.user)

    @extend_schema(
        operation_id="coupon_campaigns_create",
        request=shapes.CampaignInputSerializer,
        responses={201: shapes.CampaignSerializer},
    )
    def post(self, request: Request) -> Response:
        """Offer a coupon at the cost of the shop, of the host in their show, or (operators) of the market."""
        wanted = validated(shapes.CampaignInputSerializer, request)
        now = database_now()
        campaign = create_campaign(
            actor=request.user,
            terms=CouponTerms(
                starts_at=wanted["starts_at"] or now,
                is_live_only=wanted["is_live_only"],
                **{name: wanted[name] for name in TERMS},
            ),
            cost_bearer=wanted["cost_bearer"],
            shop_id=wanted["shop"],
            session_id=wanted["live_session"],
            now=now,
        )
        return Response(shapes.CampaignSerializer(campaign).data, status=201)


class CampaignStop(APIView):
    """Give out no more."""

    @extend_schema(operation_id="coupon_campaigns_stop", request=None, responses=shapes.CampaignSerializer)
    def post(self, request: Request, campaign_id: int) -> Response:
        """Stop the campaign; coupons that people hold stay good. Again: no effect."""
        campaign = stop_campaign(actor=request.user, campaign_id=campaign_id, now=database_now())
        return Response(shapes.CampaignSerializer(campaign).data)


class CampaignOffer(APIView):
    """Hold a coupon up in the room."""

    @extend_schema(operation_id="coupon_campaigns_offer", request=None, responses=shapes.RoomCouponSerializer)
    def post(self, request: Request, campaign_id: int) -> Response:
        """Show it to everybody in the show's room; for those who present it."""
        campaign = offer_in_room(actor=request.user, campaign_id=campaign_id, now=database_now())
        return Response(shapes.RoomCouponSerializer(coupon_data(campaign)).data)


class CampaignClaim(APIView):
    """Take a coupon."""

    throttle_scope = "order"

    @extend_schema(
        operation_id="coupon_campaigns_claim", request=None, responses={201: shapes.CouponSerializer}
    )
    def post(self, request: Request, campaign_id: int) -> Response:
        """Take one; 409 `coupon_gone`, `coupon_closed`, `coupon_limit`."""
        coupon = claim_coupon(user=request.user, campaign_id=campaign_id, now=database_now())
        return Response(shapes.CouponSerializer(coupon).data, status=201)


class RoomCoupons(APIView):
    """Coupons of a show."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="room_coupons_list", responses=shapes.RoomCouponSerializer(many=True))
    def get(self, request: Request, session_id: int) -> Response:
        """Return what the room offers now; to those who present it also what they could offer."""
        session = get_session_for(request.user, session_id)
        found = room_coupons(
            session.pk, now=database_now(), with_unoffered=is_presenter(request.user, session)
        )
        rows = [coupon_data(campaign) for campaign in found]
        return Response(shapes.RoomCouponSerializer(rows, many=True).data)


class MyCoupons(ListAPIView):
    """The person's coupons, newest first."""

    serializer_class = shapes.CouponSerializer
    queryset = CouponClaim.objects.none()
    filter_backends = []

    def get_queryset(self):
        """Start from the person's scope."""
        if getattr(self, "swagger_fake_view", False):
            return CouponClaim.objects.none()
        return list_coupons(self.request.user)
