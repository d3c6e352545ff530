"""Replays and clips of the REST contract (api.md)."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import MarketPagination, validated
from livestreams.api.sessions import PAGE
from livestreams.selectors import get_presented_session, replays
from livestreams.serializers.replays import (
    ClipInputSerializer,
    ClipSerializer,
    ReplayPatchSerializer,
    ReplaySerializer,
)
from livestreams.services import clipping, trimming
from livestreams.services.mastering import progress_of
from livestreams.services.telling_room import playback_url


def _answer(user, session_id: int) -> Response:
    session, is_mine = replays.get_replay_for(user, session_id)
    data = replays.replay_data(session, is_mine=is_mine, playback_url=playback_url(session))
    if is_mine:
        data["own"]["progress"] = progress_of(session_id)
    return Response(ReplaySerializer(data).data)


class ReplayDetail(APIView):
    """What stays of a show."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(responses=ReplaySerializer)
    def get(self, request: Request, session_id: int) -> Response:
        """Return the replay with its chapters, at the goods' current price and stock."""
        return _answer(request.user, session_id)

    @extend_schema(request=ReplayPatchSerializer, responses=ReplaySerializer)
    def patch(self, request: Request, session_id: int) -> Response:
        """Hide, show, cut the ends; presenters only. The evidence file is never touched."""
        data = validated(ReplayPatchSerializer, request)
        session = get_presented_session(request.user, session_id)
        trim = None
        if "trim_start_ms" in data or "trim_end_ms" in data:
            kept = getattr(session, "replay", None)
            trim = (
                data.get("trim_start_ms", kept.trim_start_ms if kept else 0),
                data.get("trim_end_ms", kept.trim_end_ms if kept else None),
            )
        trimming.change_replay(
            actor=request.user, session_id=session_id, hidden=data.get("hidden"), trim=trim, now=utc_now()
        )
        return _answer(request.user, session_id)


class Clips(APIView):
    """Pieces of a replay."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(parameters=PAGE, responses=ClipSerializer(many=True), operation_id="clips_list")
    def get(self, request: Request, session_id: int) -> Response:
        """List what can be watched; presenters see those in the making, too."""
        pages = MarketPagination()
        page = pages.paginate_queryset(replays.list_clips(request.user, session_id), request, view=self)
        data = [replays.clip_data(clip) for clip in page]
        return pages.get_paginated_response(ClipSerializer(data, many=True).data)

    @extend_schema(
        request=ClipInputSerializer,
        responses={200: ClipSerializer, 201: ClipSerializer},
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Have a piece cut; the same piece again is answered with 200 and the same clip."""
        data = validated(ClipInputSerializer, request)
        clip, is_new = clipping.request_clip(
            actor=request.user, session_id=session_id, chapter_id=data["chapter"],
            starts_ms=data["starts_ms"], ends_ms=data["ends_ms"], title=data["title"], now=utc_now(),
        )  # fmt: skip
        answer = ClipSerializer(replays.clip_data(clip)).data
        return Response(answer, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


class ClipDetail(APIView):
    """One clip."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={204: None})
    def delete(self, request: Request, clip_id: int) -> Response:
        """Delete it; presenters only."""
        clipping.delete_clip(actor=request.user, clip_id=clip_id, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)
