"""Shapes of sessions."""

from rest_framework import serializers

from livestreams.serializers.deals import DealSerializer
from livestreams.serializers.rundown import ChapterSerializer, PinSerializer
from livestreams.statuses import SessionStatus


class SessionSerializer(serializers.Serializer):
    """A live session as lists show it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=SessionStatus.choices)
    scheduled_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    cover = serializers.CharField(allow_null=True)
    host = serializers.CharField()
    shop = serializers.IntegerField()
    shop_name = serializers.CharField()
    playback_url = serializers.CharField(allow_null=True)
    viewers = serializers.IntegerField()
    likes = serializers.IntegerField()
    pinned = PinSerializer(allow_null=True)


class SessionDetailSerializer(SessionSerializer):
    """The snapshot of a room. `event_id` is where the stream goes on (`events/?after=`).

    `server_now` is the clock by which the times of `deals` are to be read.
    """

    server_now = serializers.DateTimeField()
    deals = DealSerializer(many=True)
    audio_url = serializers.CharField(allow_null=True)
    end_code = serializers.CharField(
        allow_blank=True, help_text="picture_lost: the market ended the show because its picture stayed away"
    )
    event_id = serializers.CharField(allow_blank=True)
    slow_mode_seconds = serializers.IntegerField()
    replay = serializers.CharField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    chapters = ChapterSerializer(many=True)


class SessionInputSerializer(serializers.Serializer):
    """A new or changed plan."""

    title = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    scheduled_at = serializers.DateTimeField()
    shop = serializers.IntegerField()
    host = serializers.IntegerField(required=False, allow_null=True, default=None)
    cover = serializers.IntegerField(required=False, allow_null=True, default=None)


class SessionPatchSerializer(serializers.Serializer):
    """Any part of a plan."""

    title = serializers.CharField(max_length=80, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    scheduled_at = serializers.DateTimeField(required=False)
    cover = serializers.IntegerField(required=False, allow_null=True)
