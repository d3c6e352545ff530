"""Shapes of moderation: reasons, mutes, moderators, quick replies, the pace of the chat."""

from rest_framework import serializers

from livestreams.models import ModerationAction, QuickReply, SessionModerator
from livestreams.services.pacing import SLOWEST_SECONDS
from livestreams.statuses import ModerationKind

SILENCES = (ModerationKind.MUTE, ModerationKind.UNMUTE, ModerationKind.BAN, ModerationKind.UNBAN)


class ReasonSerializer(serializers.Serializer):
    """Why."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class MuteInputSerializer(ReasonSerializer):
    """Whose (the author of `message`, or a `person` of the list of mutes), what, and how long.

    `minutes` is for a mute; without it the mute holds for the whole show.
    """

    message = serializers.IntegerField(required=False, allow_null=True, default=None)
    person = serializers.IntegerField(required=False, allow_null=True, default=None)
    kind = serializers.ChoiceField(choices=SILENCES, default=ModerationKind.MUTE)
    minutes = serializers.IntegerField(
        min_value=1, max_value=100_000, required=False, allow_null=True, default=None
    )

    def validate(self, attrs: dict) -> dict:
        """Ask for exactly one of message and person."""
        if (attrs["message"] is None) == (attrs["person"] is None):
            raise serializers.ValidationError({"message": "message or person"})
        return attrs


class MuteSerializer(serializers.Serializer):
    """What holds for a person; `person` is null when the account is gone."""

    person = serializers.IntegerField(source="person_id", allow_null=True)
    name = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(choices=ModerationKind.choices)
    reason = serializers.CharField(allow_blank=True)
    until = serializers.DateTimeField(allow_null=True)
    moderator = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_name(self, action: ModerationAction) -> str:
        """Return how the chat calls the person."""
        return str(action.person) if action.person else ""

    def get_moderator(self, action: ModerationAction) -> str:
        """Return who said so."""
        return str(action.moderator) if action.moderator else ""


class ModeratorSerializer(serializers.Serializer):
    """Somebody who helps."""

    person = serializers.IntegerField(source="user_id")
    name = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_name(self, moderator: SessionModerator) -> str:
        """Return how the chat calls the person."""
        return str(moderator.user)


class ModeratorInputSerializer(serializers.Serializer):
    """Who shall help: the author of a line, whoever has this phone or e-mail address, or the last helpers."""

    message = serializers.IntegerField(required=False)
    identifier = serializers.CharField(max_length=254, required=False)
    carry_over = serializers.BooleanField(required=False)

    def validate(self, attrs: dict) -> dict:
        """Ask for exactly one way."""
        if len([value for value in attrs.values() if value not in (None, False)]) != 1:
            raise serializers.ValidationError({"message": "one of message, identifier, carry_over"})
        return attrs


class QuickReplySerializer(serializers.ModelSerializer):
    """A line that is sent with one tap."""

    class Meta:
        model = QuickReply
        fields = ["id", "text"]


class QuickReplyInputSerializer(serializers.Serializer):
    """A line to keep."""

    text = serializers.CharField(max_length=200)


class PaceSerializer(serializers.Serializer):
    """Least seconds between two lines of a person; 0 is the usual pace."""

    seconds = serializers.IntegerField(min_value=0, max_value=SLOWEST_SECONDS)
