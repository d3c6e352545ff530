"""Chat and hearts of a room (api.md)."""

import re

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from livestreams import selectors
from livestreams.serializers import room as serializers
from livestreams.services import chatting, liking
from livestreams.statuses import MessageStatus

FOR_CREW = [MessageStatus.HELD, MessageStatus.HIDDEN]
MESSAGE_ID = re.compile("[0-9]{1,18}")


class Messages(APIView):
    """The chat."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    def get_throttles(self):
        """Writing has its own, lower limit."""
        self.throttle_scope = "chat" if self.request.method == "POST" else None
        return super().get_throttles()

    @extend_schema(
        parameters=[
            OpenApiParameter("before", int, description="id of the oldest line already known"),
            OpenApiParameter("status", str, enum=FOR_CREW, description="for the show's crew, newest first"),
        ],
        responses=serializers.MessageListSerializer,
        operation_id="messages_list",
    )
    def get(self, request: Request, session_id: int) -> Response:
        """Return the newest visible lines, oldest first; `previous` leads further back.

        With `status` the held or hidden lines, for those who present or moderate the show.
        """
        if (status := request.query_params.get("status")) in FOR_CREW:
            session = selectors.get_crew_session(request.user, session_id)
            answer = {
                "next": None,
                "previous": None,
                "results": selectors.lines_for_crew(session, status=status),
            }
            return Response(serializers.MessageListSerializer(answer).data)
        session = selectors.get_session_for(request.user, session_id)
        before = request.query_params.get("before", "")
        known = int(before) if MESSAGE_ID.fullmatch(before) else None
        lines = selectors.recent_messages(session, before=known, viewer=request.user)
        earlier = None
        if len(lines) == selectors.MESSAGES_PER_PAGE:
            earlier = f"{request.path}?before={lines[0]['id']}"
        answer = {"next": None, "previous": earlier, "results": lines}
        return Response(serializers.MessageListSerializer(answer).data)

    @extend_schema(
        request=serializers.MessageInputSerializer,
        responses={201: serializers.MessageSerializer},
        operation_id="messages_post",
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Say something; `status` is held when a moderator must read it first.

        403 `muted` or `banned`, 409 `chat_closed`, `blocked_words`,
        429 `slow_chat`, `still_waiting`, `too_many`.
        """
        data = validated(serializers.MessageInputSerializer, request)
        message = chatting.post_message(
            author=request.user, session_id=session_id, text=data["text"], now=utc_now()
        )
        line = selectors.message_data(message, host_user_id=message.session.host.user_id)
        return Response(serializers.MessageSerializer(line).data, 201)


class Likes(APIView):
    """Hearts."""

    permission_classes = [AllowAny]

    @extend_schema(request=serializers.LikeInputSerializer, responses=serializers.LikeSerializer)
    def post(self, request: Request, session_id: int) -> Response:
        """Add hearts."""
        data = validated(serializers.LikeInputSerializer, request)
        total = liking.like_session(session_id=session_id, count=data["count"])
        return Response(serializers.LikeSerializer({"likes": total}).data)
