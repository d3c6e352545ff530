"""Sessions of the REST contract (api.md): plan, announce, go on air, end."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import MarketPagination, validated
from livestreams import selectors
from livestreams.serializers import sessions as serializers
from livestreams.services import presenting, reminding, scheduling
from livestreams.services.repeating import Repeat
from livestreams.services.snapshot import detail_data, list_data

PAGE = [OpenApiParameter("cursor", str), OpenApiParameter("page_size", int)]


def _detail(user, session_id: int) -> dict:
    session = selectors.get_session_for(user, session_id)
    return serializers.SessionDetailSerializer(detail_data(session)).data


def _presented(user, session_id: int) -> dict:
    session = selectors.get_presented_session(user, session_id)
    return serializers.SessionDetailSerializer(detail_data(session)).data


class SessionList(APIView):
    """Sessions everybody may see, and the person's own plans."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(
        parameters=[*PAGE, OpenApiParameter("status", str)],
        responses=serializers.SessionSerializer(many=True),
        operation_id="live_sessions_list",
    )
    def get(self, request: Request) -> Response:
        """List; `status` filters."""
        found = selectors.visible_sessions(request.user, status=request.query_params.get("status", ""))
        pages = MarketPagination()
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(serializers.SessionSerializer(list_data(page), many=True).data)

    @extend_schema(
        request=serializers.SessionInputSerializer, responses={201: serializers.SessionDetailSerializer}
    )
    def post(self, request: Request) -> Response:
        """Plan a show, or a series of shows, as drafts; the first is answered."""
        data = validated(serializers.SessionInputSerializer, request)
        session = scheduling.save_session(
            actor=request.user, shop_id=data["shop"], host_id=data["host"], title=data["title"],
            description=data["description"], scheduled_at=data["scheduled_at"], cover_id=data["cover"],
            planned_minutes=data["planned_minutes"], allow_clash=data["allow_clash"],
            repeat=Repeat(**data["repeat"]) if data["repeat"] else None, now=utc_now(),
        )  # fmt: skip
        return Response(_detail(request.user, session.pk), status.HTTP_201_CREATED)


class SessionDetail(APIView):
    """One session: the room's snapshot."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(responses=serializers.SessionDetailSerializer)
    def get(self, request: Request, session_id: int) -> Response:
        """Return the snapshot."""
        return Response(_detail(request.user, session_id))

    @extend_schema(request=serializers.SessionPatchSerializer, responses=serializers.SessionDetailSerializer)
    def patch(self, request: Request, session_id: int) -> Response:
        """Change a plan that is not on air yet."""
        data = validated(serializers.SessionPatchSerializer, request)
        session = selectors.get_presented_session(request.user, session_id)
        scheduling.save_session(
            actor=request.user, session_id=session_id, shop_id=session.shop_id, host_id=session.host_id,
            title=data.get("title", session.title), description=data.get("description", session.description),
            scheduled_at=data.get("scheduled_at", session.scheduled_at),
            cover_id=data.get("cover", session.cover_id), planned_minutes=data.get("planned_minutes"),
            is_following_too=data["following"], allow_clash=data["allow_clash"], now=utc_now(),
        )  # fmt: skip
        return Response(_detail(request.user, session_id))


class _Move(APIView):
    """One step in a session's life."""

    service = None

    @extend_schema(request=None, responses=serializers.SessionDetailSerializer)
    def post(self, request: Request, session_id: int) -> Response:
        """Take the step; a repeated start or end has no effect."""
        type(self).service(actor=request.user, session_id=session_id, now=utc_now())
        return Response(_presented(request.user, session_id))


class SessionStart(_Move):
    """Go on air."""

    service = staticmethod(presenting.start_session)


class SessionEnd(_Move):
    """End for good."""

    service = staticmethod(presenting.end_session)


class SessionSchedule(APIView):
    """Announce."""

    @extend_schema(
        request=serializers.SessionScheduleSerializer, responses=serializers.SessionDetailSerializer
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Show the plan to everybody; 409 `session_clash` when another show is announced for that time."""
        data = validated(serializers.SessionScheduleSerializer, request)
        scheduling.schedule_session(
            actor=request.user, session_id=session_id, allow_clash=data["allow_clash"],
            is_following_too=data["following"], now=utc_now(),
        )  # fmt: skip
        return Response(_presented(request.user, session_id))


class SessionCancel(APIView):
    """Call off."""

    @extend_schema(request=serializers.SessionCancelSerializer, responses=serializers.SessionDetailSerializer)
    def post(self, request: Request, session_id: int) -> Response:
        """Call the show off; everyone who asked to be reminded is told."""
        data = validated(serializers.SessionCancelSerializer, request)
        scheduling.cancel_session(
            actor=request.user, session_id=session_id, reason=data["reason"],
            is_following_too=data["following"], now=utc_now(),
        )  # fmt: skip
        return Response(_presented(request.user, session_id))


class Reminders(APIView):
    """The person's own wish to be told."""

    @extend_schema(request=None, responses={201: serializers.ReminderSerializer}, operation_id="reminder_ask")
    def post(self, request: Request, session_id: int) -> Response:
        """Ask to be told before the show and when it begins; again: no effect."""
        reminding.ask_reminder(actor=request.user, session_id=session_id, now=utc_now())
        return Response(serializers.ReminderSerializer({"is_asked": True}).data, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None}, operation_id="reminder_drop")
    def delete(self, request: Request, session_id: int) -> Response:
        """Be told no more; again: no effect."""
        reminding.drop_reminder(actor=request.user, session_id=session_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
