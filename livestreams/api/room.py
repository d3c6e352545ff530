"""Chat, moderation and hearts of a room (api.md)."""

import re

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from livestreams import selectors
from livestreams.serializers import room as serializers
from livestreams.services import chatting, liking, moderating

MESSAGE_ID = re.compile("[0-9]{1,18}")


class Messages(APIView):
    """The chat."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    def get_throttles(self):
        """Writing has its own, lower limit."""
        self.throttle_scope = "chat" if self.request.method == "POST" else None
        return super().get_throttles()

    @extend_schema(
        parameters=[OpenApiParameter("before", int, description="id of the oldest line already known")],
        responses=serializers.MessageListSerializer,
        operation_id="messages_list",
    )
    def get(self, request: Request, session_id: int) -> Response:
        """Return the newest visible lines, oldest first; `previous` leads further back."""
        session = selectors.get_session_for(request.user, session_id)
        before = request.query_params.get("before", "")
        known = int(before) if MESSAGE_ID.fullmatch(before) else None
        lines = selectors.recent_messages(session, before=known)
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
        """Say something; 403 `muted` or `banned`, 409 `chat_closed`, 429 when too fast."""
        data = validated(serializers.MessageInputSerializer, request)
        message = chatting.post_message(
            author=request.user, session_id=session_id, text=data["text"], now=utc_now()
        )
        line = selectors.message_data(message, host_user_id=message.session.host.user_id)
        return Response(serializers.MessageSerializer(line).data, status.HTTP_201_CREATED)


class MessageHide(APIView):
    """Moderation of one line."""

    @extend_schema(request=serializers.HideInputSerializer, responses={204: None})
    def post(self, request: Request, message_id: int) -> Response:
        """Hide it; the line stays as evidence."""
        data = validated(serializers.HideInputSerializer, request)
        moderating.hide_message(
            actor=request.user, message_id=message_id, reason=data["reason"], now=utc_now()
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class Mutes(APIView):
    """Moderation of people."""

    @extend_schema(request=serializers.MuteInputSerializer, responses={201: serializers.MuteSerializer})
    def post(self, request: Request, session_id: int) -> Response:
        """Mute, unmute or ban the author of a line."""
        data = validated(serializers.MuteInputSerializer, request)
        action = moderating.silence_author(
            actor=request.user, session_id=session_id, message_id=data["message"], kind=data["kind"],
            minutes=data["minutes"], reason=data["reason"], now=utc_now(),
        )  # fmt: skip
        return Response(serializers.MuteSerializer(action).data, status.HTTP_201_CREATED)


class Likes(APIView):
    """Hearts."""

    permission_classes = [AllowAny]

    @extend_schema(request=serializers.LikeInputSerializer, responses=serializers.LikeSerializer)
    def post(self, request: Request, session_id: int) -> Response:
        """Add hearts."""
        data = validated(serializers.LikeInputSerializer, request)
        total = liking.like_session(session_id=session_id, count=data["count"])
        return Response(serializers.LikeSerializer({"likes": total}).data)
