"""The key for OBS or a streaming app (api.md)."""

from django.conf import settings
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from livestreams.serializers import keys as serializers
from livestreams.services import keys
from livestreams.services.rtmp_receiving import sending_state


@method_decorator(never_cache, name="dispatch")
class MediaKeyDetail(APIView):
    """The media key of a show, for those who present it."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=serializers.MediaKeySerializer)
    def get(self, request: Request, session_id: int) -> Response:
        """Return what is known of the key, never the key."""
        key = keys.active_key(actor=request.user, session_id=session_id)
        data = {
            "hint": key.hint if key else "",
            "created_at": key.created_at if key else None,
            "is_active": key is not None,
            **sending_state(session_id),
        }
        return Response(serializers.MediaKeySerializer(data).data)

    @extend_schema(request=None, responses={201: serializers.NewMediaKeySerializer})
    def post(self, request: Request, session_id: int) -> Response:
        """Make a key and show it this once; an older one ends, and the picture that is sent with it."""
        key, secret = keys.issue_key(actor=request.user, session_id=session_id, now=utc_now())
        data = {"key": secret, "server_url": settings.RTMP_URL, "hint": key.hint}
        return Response(serializers.NewMediaKeySerializer(data).data, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, session_id: int) -> Response:
        """End the key, and the picture that is sent with it. Again: no effect."""
        keys.revoke_key(actor=request.user, session_id=session_id, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)
