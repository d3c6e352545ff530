"""The broadcaster's phone (api.md)."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from livestreams.serializers import takes as serializers
from livestreams.services import receiving


def _grant_answer(grant: receiving.TakeGrant, code: int) -> Response:
    data = {
        "take": grant.take.pk,
        "upload_url": grant.upload_url,
        "upload_token": grant.upload_token,
        "resume_from": grant.resume_from,
    }
    return Response(serializers.TakeSerializer(data).data, code)


class Takes(APIView):
    """The broadcaster's phone."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=serializers.TakeInputSerializer, responses={201: serializers.TakeSerializer})
    def post(self, request: Request, session_id: int) -> Response:
        """Begin a recording; an older one is closed. 409 `taken_over` with `after` when a newer one came."""
        data = validated(serializers.TakeInputSerializer, request)
        grant = receiving.open_take(
            actor=request.user,
            session_id=session_id,
            mime=data["mime"],
            after=data.get("after"),
            now=utc_now(),
        )
        return _grant_answer(grant, 201)


class TakeToken(APIView):
    """A recording that goes on for longer than its token."""

    @extend_schema(request=None, responses=serializers.TakeSerializer)
    def post(self, request: Request, session_id: int, take_id: int) -> Response:
        """Return a fresh token; 409 `take_closed` with `reason` when it was closed."""
        grant = receiving.renew_take(
            actor=request.user, session_id=session_id, take_id=take_id, now=utc_now()
        )
        return _grant_answer(grant, 200)


class TakeClose(APIView):
    """The end of a recording."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, session_id: int, take_id: int) -> Response:
        """No more chunks will come."""
        receiving.close_take(actor=request.user, session_id=session_id, take_id=take_id, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)
