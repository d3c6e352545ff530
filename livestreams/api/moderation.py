"""Moderation of a room: lines, people, helpers, quick replies, the pace of the chat (api.md)."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from livestreams import selectors
from livestreams.serializers import moderation as serializers
from livestreams.services import appointing, moderating, pacing, quick_replying, silencing


class MessageHide(APIView):
    """Take a line out of the room."""

    @extend_schema(request=serializers.ReasonSerializer, responses={204: None})
    def post(self, request: Request, message_id: int) -> Response:
        """Hide it; the line stays as evidence."""
        data = validated(serializers.ReasonSerializer, request)
        moderating.hide_message(
            actor=request.user, message_id=message_id, reason=data["reason"], now=utc_now()
        )
        return Response(status=204)


class MessageShow(APIView):
    """Let a held or hidden line into the room."""

    @extend_schema(request=serializers.ReasonSerializer, responses={204: None})
    def post(self, request: Request, message_id: int) -> Response:
        """Show it to everybody."""
        data = validated(serializers.ReasonSerializer, request)
        moderating.show_message(
            actor=request.user, message_id=message_id, reason=data["reason"], now=utc_now()
        )
        return Response(status=204)


class Mutes(APIView):
    """Who may not speak, who may not come in."""

    @extend_schema(responses=serializers.MuteSerializer(many=True), operation_id="mutes_list")
    def get(self, request: Request, session_id: int) -> Response:
        """Return the mutes and bans that hold now, the newest first."""
        session = selectors.get_crew_session(request.user, session_id)
        holding = selectors.list_silenced(session, now=utc_now())
        return Response(serializers.MuteSerializer(holding, many=True).data)

    @extend_schema(
        request=serializers.MuteInputSerializer,
        responses={201: serializers.MuteSerializer},
        operation_id="mutes_add",
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Mute, unmute, ban or unban; 409 `of_the_crew` for those who run the show."""
        data = validated(serializers.MuteInputSerializer, request)
        action = silencing.silence(
            actor=request.user, session_id=session_id, message_id=data["message"], person_id=data["person"],
            kind=data["kind"], minutes=data["minutes"], reason=data["reason"], now=utc_now(),
        )  # fmt: skip
        return Response(serializers.MuteSerializer(action).data, 201)


class MuteDetail(APIView):
    """What holds for one person."""

    @extend_schema(request=None, responses={204: None}, operation_id="mutes_end")
    def delete(self, request: Request, session_id: int, person_id: int) -> Response:
        """End the person's mute and ban."""
        silencing.lift_silences(actor=request.user, session_id=session_id, person_id=person_id, now=utc_now())
        return Response(status=204)


class Moderators(APIView):
    """Whom the host trusts with the chat and the pins of a show."""

    @extend_schema(responses=serializers.ModeratorSerializer(many=True), operation_id="moderators_list")
    def get(self, request: Request, session_id: int) -> Response:
        """Return them; for those who present the show."""
        return self._answer(request, session_id)

    @extend_schema(
        request=serializers.ModeratorInputSerializer,
        responses={200: serializers.ModeratorSerializer(many=True)},
        operation_id="moderators_add",
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Add the author of a line, or the helpers of the last show; or ask somebody by `identifier`.

        Who is asked appears in the list when they say yes; the answer does not tell whether they exist.
        """
        data = validated(serializers.ModeratorInputSerializer, request)
        who = {"actor": request.user, "session_id": session_id, "now": utc_now()}
        if "identifier" in data:
            appointing.invite(identifier=data["identifier"], **who)
        elif data.get("carry_over"):
            appointing.carry_over(**who)
        else:
            appointing.appoint_author(message_id=data["message"], **who)
        return self._answer(request, session_id)

    def _answer(self, request: Request, session_id: int) -> Response:
        session = selectors.get_presented_session(request.user, session_id)
        moderators = selectors.list_moderators(session)
        return Response(serializers.ModeratorSerializer(moderators, many=True).data)


class ModeratorDetail(APIView):
    """One moderator of a show."""

    @extend_schema(request=None, responses={204: None}, operation_id="moderators_remove")
    def delete(self, request: Request, session_id: int, person_id: int) -> Response:
        """Take the chat out of their hands, at once."""
        appointing.dismiss(actor=request.user, session_id=session_id, person_id=person_id, now=utc_now())
        return Response(status=204)


class ModeratorJoin(APIView):
    """The answer to an invitation."""

    @extend_schema(
        request=None, responses={200: serializers.ModeratorSerializer}, operation_id="moderators_join"
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Say yes; 404 for whoever was not asked."""
        moderator = appointing.accept_invitation(person=request.user, session_id=session_id, now=utc_now())
        return Response(serializers.ModeratorSerializer(moderator).data)


class QuickReplies(APIView):
    """What the host of a show says with one tap."""

    @extend_schema(responses=serializers.QuickReplySerializer(many=True), operation_id="quick_replies_list")
    def get(self, request: Request, session_id: int) -> Response:
        """Return the lines, for the show's crew."""
        session = selectors.get_crew_session(request.user, session_id)
        kept = selectors.list_quick_replies(session)
        return Response(serializers.QuickReplySerializer(kept, many=True).data)

    @extend_schema(
        request=serializers.QuickReplyInputSerializer,
        responses={201: serializers.QuickReplySerializer},
        operation_id="quick_replies_add",
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Keep a line; for those who present the show."""
        data = validated(serializers.QuickReplyInputSerializer, request)
        reply = quick_replying.add_quick_reply(actor=request.user, session_id=session_id, text=data["text"])
        return Response(serializers.QuickReplySerializer(reply).data, 201)


class QuickReplyDetail(APIView):
    """One kept line."""

    @extend_schema(
        request=serializers.QuickReplyInputSerializer,
        responses=serializers.QuickReplySerializer,
        operation_id="quick_replies_change",
    )
    def patch(self, request: Request, session_id: int, reply_id: int) -> Response:
        """Say it in other words."""
        data = validated(serializers.QuickReplyInputSerializer, request)
        reply = quick_replying.change_quick_reply(
            actor=request.user, session_id=session_id, reply_id=reply_id, text=data["text"]
        )
        return Response(serializers.QuickReplySerializer(reply).data)

    @extend_schema(request=None, responses={204: None}, operation_id="quick_replies_remove")
    def delete(self, request: Request, session_id: int, reply_id: int) -> Response:
        """Forget it."""
        quick_replying.remove_quick_reply(actor=request.user, session_id=session_id, reply_id=reply_id)
        return Response(status=204)


class Pace(APIView):
    """The pace of the chat."""

    @extend_schema(request=serializers.PaceSerializer, responses=serializers.PaceSerializer)
    def put(self, request: Request, session_id: int) -> Response:
        """Set it; the room is told."""
        data = validated(serializers.PaceSerializer, request)
        session = pacing.set_pace(
            actor=request.user, session_id=session_id, seconds=data["seconds"], now=utc_now()
        )
        return Response(serializers.PaceSerializer({"seconds": session.slow_mode_seconds}).data)
