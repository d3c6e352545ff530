"""The live part of the REST contract (api.md)."""

import re

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import MarketPagination
from livestreams import selectors, serializers
from livestreams.models import LiveSession
from livestreams.services import chatting, liking, moderating, presenting, receiving, rundown, scheduling
from livestreams.services.snapshot import detail_data, list_data
from livestreams.statuses import ON_AIR

MESSAGE_ID = re.compile("[0-9]{1,18}")
PAGE = [OpenApiParameter("cursor", str), OpenApiParameter("page_size", int)]


def _valid(serializer_class, request: Request) -> dict:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _detail(user, session_id: int) -> dict:
    session = selectors.get_session_for(user, session_id)
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
        """Plan a show, as a draft."""
        data = _valid(serializers.SessionInputSerializer, request)
        session = scheduling.save_session(
            actor=request.user, shop_id=data["shop"], host_id=data["host"], title=data["title"],
            description=data["description"], scheduled_at=data["scheduled_at"], cover_id=data["cover"],
            now=utc_now(),
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
        data = _valid(serializers.SessionPatchSerializer, request)
        session = selectors.get_presented_session(request.user, session_id)
        scheduling.save_session(
            actor=request.user, session_id=session_id, shop_id=session.shop_id, host_id=session.host_id,
            title=data.get("title", session.title), description=data.get("description", session.description),
            scheduled_at=data.get("scheduled_at", session.scheduled_at),
            cover_id=data.get("cover", session.cover_id), now=utc_now(),
        )  # fmt: skip
        return Response(_detail(request.user, session_id))


class _Move(APIView):
    """One step in a session's life."""

    service = None

    @extend_schema(request=None, responses=serializers.SessionDetailSerializer)
    def post(self, request: Request, session_id: int) -> Response:
        """Take the step; a repeated start or end has no effect."""
        type(self).service(actor=request.user, session_id=session_id, now=utc_now())
        session = selectors.get_presented_session(request.user, session_id)
        return Response(serializers.SessionDetailSerializer(detail_data(session)).data)


class SessionSchedule(_Move):
    """Announce."""

    service = staticmethod(scheduling.schedule_session)


class SessionStart(_Move):
    """Go on air."""

    service = staticmethod(presenting.start_session)


class SessionEnd(_Move):
    """End for good."""

    service = staticmethod(presenting.end_session)


class SessionCancel(_Move):
    """Call off."""

    service = staticmethod(scheduling.cancel_session)


class Rundown(APIView):
    """What the show shows."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    def _answer(self, session: LiveSession, code: int = 200) -> Response:
        is_on_air = session.status in ON_AIR
        items = [selectors.item_data(item, is_on_air=is_on_air) for item in selectors.rundown_of(session)]
        return Response(serializers.RundownItemSerializer(items, many=True).data, code)

    @extend_schema(responses=serializers.RundownItemSerializer(many=True), operation_id="rundown_list")
    def get(self, request: Request, session_id: int) -> Response:
        """Return the items in order."""
        return self._answer(selectors.get_session_for(request.user, session_id))

    @extend_schema(
        request=serializers.RundownInputSerializer,
        responses={201: serializers.RundownItemSerializer(many=True)},
        operation_id="rundown_add",
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Add a variant; 409 `not_authorized` or `below_floor_price` when the farmer does not allow it."""
        data = _valid(serializers.RundownInputSerializer, request)
        rundown.add_item(
            actor=request.user, session_id=session_id, variant_id=data["variant"],
            live_price_fen=data["live_price_fen"], quota=data["quota"],
            per_buyer_limit=data["per_buyer_limit"], now=utc_now(),
        )  # fmt: skip
        return self._answer(selectors.get_presented_session(request.user, session_id), 201)

    @extend_schema(
        request=serializers.RundownOrderSerializer,
        responses=serializers.RundownItemSerializer(many=True),
        operation_id="rundown_order",
    )
    def patch(self, request: Request, session_id: int) -> Response:
        """Put the items in another order."""
        data = _valid(serializers.RundownOrderSerializer, request)
        rundown.order_items(actor=request.user, session_id=session_id, item_ids=data["items"], now=utc_now())
        return self._answer(selectors.get_presented_session(request.user, session_id))


class RundownItemDetail(APIView):
    """One item of the rundown."""

    @extend_schema(
        request=serializers.RundownPriceSerializer,
        responses=serializers.RundownItemSerializer,
        operation_id="rundown_item_change",
    )
    def patch(self, request: Request, session_id: int, item_id: int) -> Response:
        """Change the live price."""
        data = _valid(serializers.RundownPriceSerializer, request)
        rundown.change_item(
            actor=request.user, session_id=session_id, item_id=item_id,
            live_price_fen=data["live_price_fen"], now=utc_now(),
        )  # fmt: skip
        session = selectors.get_presented_session(request.user, session_id)
        item = next(item for item in selectors.rundown_of(session) if item.pk == item_id)
        return Response(serializers.RundownItemSerializer(selectors.item_data(item)).data)

    @extend_schema(request=None, responses={204: None}, operation_id="rundown_item_remove")
    def delete(self, request: Request, session_id: int, item_id: int) -> Response:
        """Take an item out that was not shown yet."""
        rundown.remove_item(actor=request.user, session_id=session_id, item_id=item_id, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class Pin(APIView):
    """What is shown now."""

    @extend_schema(request=serializers.PinInputSerializer, responses=serializers.PinAnswerSerializer)
    def post(self, request: Request, session_id: int) -> Response:
        """Show an item, or none."""
        data = _valid(serializers.PinInputSerializer, request)
        pin = presenting.pin_item(
            actor=request.user, session_id=session_id, item_id=data["rundown_item"], now=utc_now()
        )
        pinned = selectors.pin_data(pin) if pin is not None else None
        return Response(serializers.PinAnswerSerializer({"pinned": pinned}).data)


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
        data = _valid(serializers.MessageInputSerializer, request)
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
        data = _valid(serializers.HideInputSerializer, request)
        moderating.hide_message(
            actor=request.user, message_id=message_id, reason=data["reason"], now=utc_now()
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class Mutes(APIView):
    """Moderation of people."""

    @extend_schema(request=serializers.MuteInputSerializer, responses={201: serializers.MuteSerializer})
    def post(self, request: Request, session_id: int) -> Response:
        """Mute, unmute or ban the author of a line."""
        data = _valid(serializers.MuteInputSerializer, request)
        action = moderating.silence_author(
            actor=request.user, session_id=session_id, message_id=data["message"], kind=data["kind"],
            minutes=data["minutes"], reason=data["reason"], now=utc_now(),
        )  # fmt: skip
        return Response(serializers.MuteSerializer(action).data, status.HTTP_201_CREATED)


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
        """Begin a recording; an older one is closed."""
        data = _valid(serializers.TakeInputSerializer, request)
        grant = receiving.open_take(
            actor=request.user, session_id=session_id, mime=data["mime"], now=utc_now()
        )
        return _grant_answer(grant, 201)


class TakeToken(APIView):
    """A recording that goes on for longer than its token."""

    @extend_schema(request=None, responses=serializers.TakeSerializer)
    def post(self, request: Request, session_id: int, take_id: int) -> Response:
        """Return a fresh token; 409 `take_closed` when the recording was closed."""
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


class Likes(APIView):
    """Hearts."""

    permission_classes = [AllowAny]

    @extend_schema(request=serializers.LikeInputSerializer, responses=serializers.LikeSerializer)
    def post(self, request: Request, session_id: int) -> Response:
        """Add hearts."""
        data = _valid(serializers.LikeInputSerializer, request)
        total = liking.like_session(session_id=session_id, count=data["count"])
        return Response(serializers.LikeSerializer({"likes": total}).data)
