"""Shapes of sessions."""

from rest_framework import serializers

from livestreams.serializers.deals import DealSerializer
from livestreams.serializers.rundown import ChapterSerializer, PinSerializer
from livestreams.statuses import SeriesFrequency, SessionStatus

MINUTES = {"min_value": 10, "max_value": 720}


class SessionSerializer(serializers.Serializer):
    """A live session as lists show it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=SessionStatus.choices)
    scheduled_at = serializers.DateTimeField()
    planned_minutes = serializers.IntegerField()
    series = serializers.IntegerField(allow_null=True)
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


class RepeatSerializer(serializers.Serializer):
    """How a show comes back: `count` shows in all (2 to 60), or until the day `until`."""

    frequency = serializers.ChoiceField(choices=SeriesFrequency.choices)
    count = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=2, max_value=60)
    until = serializers.DateField(required=False, allow_null=True, default=None)


class SessionInputSerializer(serializers.Serializer):
    """A new plan. A clash with another show is refused with 409 `session_clash` unless `allow_clash`."""

    title = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    scheduled_at = serializers.DateTimeField()
    planned_minutes = serializers.IntegerField(required=False, default=120, **MINUTES)
    shop = serializers.IntegerField()
    host = serializers.IntegerField(required=False, allow_null=True, default=None)
    cover = serializers.IntegerField(required=False, allow_null=True, default=None)
    repeat = RepeatSerializer(required=False, allow_null=True, default=None)
    allow_clash = serializers.BooleanField(required=False, default=False)


class SessionPatchSerializer(serializers.Serializer):
    """Any part of a plan; `following` changes the later shows of the series as well."""

    title = serializers.CharField(max_length=80, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    scheduled_at = serializers.DateTimeField(required=False)
    planned_minutes = serializers.IntegerField(required=False, **MINUTES)
    cover = serializers.IntegerField(required=False, allow_null=True)
    following = serializers.BooleanField(required=False, default=False)
    allow_clash = serializers.BooleanField(required=False, default=False)


class SessionScheduleSerializer(serializers.Serializer):
    """Announce the show alone, or the later drafts of its series, too."""

    following = serializers.BooleanField(required=False, default=False)
    allow_clash = serializers.BooleanField(required=False, default=False)


class SessionCancelSerializer(serializers.Serializer):
    """Call off; people who asked to be reminded read the reason."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    following = serializers.BooleanField(required=False, default=False)


class ReminderSerializer(serializers.Serializer):
    """Whether the person is told when the show begins."""

    is_asked = serializers.BooleanField()
