"""Shapes of chat, moderation and hearts."""

from rest_framework import serializers

from livestreams.services.liking import AT_ONCE
from livestreams.statuses import ModerationKind


class MessageSerializer(serializers.Serializer):
    """A chat line; `author` is null for a line of the market."""

    id = serializers.IntegerField()
    author = serializers.CharField(allow_null=True)
    is_host = serializers.BooleanField()
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class MessageListSerializer(serializers.Serializer):
    """Visible lines, oldest first; `previous` is the page before them."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = MessageSerializer(many=True)


class MessageInputSerializer(serializers.Serializer):
    """What to say."""

    text = serializers.CharField(max_length=1000, trim_whitespace=True)


class HideInputSerializer(serializers.Serializer):
    """Why a line is hidden."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class MuteInputSerializer(serializers.Serializer):
    """Whose line, what, and for how long (minutes; without: for the whole show)."""

    message = serializers.IntegerField()
    kind = serializers.ChoiceField(
        choices=[ModerationKind.MUTE, ModerationKind.UNMUTE, ModerationKind.BAN], default=ModerationKind.MUTE
    )
    minutes = serializers.IntegerField(
        min_value=1, max_value=100_000, required=False, allow_null=True, default=None
    )
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class MuteSerializer(serializers.Serializer):
    """What was done."""

    kind = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)


class LikeInputSerializer(serializers.Serializer):
    """How many hearts were tapped."""

    count = serializers.IntegerField(min_value=1, max_value=AT_ONCE, default=1)


class LikeSerializer(serializers.Serializer):
    """How many there are."""

    likes = serializers.IntegerField()
