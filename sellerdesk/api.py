"""Reads of the desk in the API."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from livestreams.selectors import get_presented_session
from sellerdesk.permissions import sees_earnings
from sellerdesk.selectors import show_report
from sellerdesk.serializers import ShowReportSerializer


class ShowReportView(APIView):
    """What a show has brought, for those who present it."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="live_sessions_report_retrieve", responses=ShowReportSerializer)
    def get(self, request: Request, session_id: int) -> Response:
        """Return viewers, orders and yuan by minute, product and farmer, airtime and drop-outs, so far."""
        session = get_presented_session(request.user, session_id)
        report = show_report(
            session=session, now=utc_now(), with_earnings=sees_earnings(request.user, session.shop_id)
        )
        return Response(ShowReportSerializer(report).data)
