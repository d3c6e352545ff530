"""Shapes of chat and hearts."""

from rest_framework import serializers

from livestreams.services.liking import AT_ONCE
from livestreams.statuses import MessageKind, MessageStatus


class MessageSerializer(serializers.Serializer):
    """A chat line; `author` is null for a line of the market, whose sentence `kind` and `params` make.

    `status` is held for the author's own line that waits for a moderator; nobody else sees it.
    """

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=MessageKind.choices)
    author = serializers.CharField(allow_null=True)
    is_host = serializers.BooleanField()
    text = serializers.CharField()
    params = serializers.DictField()
    status = serializers.ChoiceField(choices=MessageStatus.choices)
    held_reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class MessageListSerializer(serializers.Serializer):
    """Lines, oldest first; `previous` is the page before them."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = MessageSerializer(many=True)


class MessageInputSerializer(serializers.Serializer):
    """What to say."""

    text = serializers.CharField(max_length=1000, trim_whitespace=True)


class LikeInputSerializer(serializers.Serializer):
    """How many hearts were tapped."""

    count = serializers.IntegerField(min_value=1, max_value=AT_ONCE, default=1)


class LikeSerializer(serializers.Serializer):
    """How many there are."""

    likes = serializers.IntegerField()
