"""Shapes of the live API (api.md): input is checked here, output is described for the schema."""

from rest_framework import serializers

from livestreams.services.liking import AT_ONCE
from livestreams.statuses import ModerationKind, SessionStatus

PRICE = {"min_value": 1, "max_value": 100_000_000}


class RundownItemSerializer(serializers.Serializer):
    """An item as the room shows it."""

    rundown_item = serializers.IntegerField()
    position = serializers.IntegerField()
    variant = serializers.IntegerField()
    product = serializers.IntegerField()
    title = serializers.CharField()
    unit = serializers.CharField()
    url = serializers.CharField()
    photo = serializers.CharField(allow_blank=True)
    farmer = serializers.CharField(allow_null=True)
    farmer_photo = serializers.CharField(allow_blank=True)
    village = serializers.CharField(allow_null=True)
    price_fen = serializers.IntegerField()
    was_fen = serializers.IntegerField(allow_null=True)
    live_price_fen = serializers.IntegerField(allow_null=True)
    available = serializers.IntegerField()
    source = serializers.CharField(allow_blank=True)


class PinSerializer(RundownItemSerializer):
    """What is shown now; `source` goes with an order."""

    pin = serializers.IntegerField()


class ChapterSerializer(RundownItemSerializer):
    """A place in the replay."""

    chapter = serializers.IntegerField()
    starts_ms = serializers.IntegerField()


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
    """The snapshot of a room. `event_id` is where the stream goes on (`events/?after=`)."""

    event_id = serializers.CharField(allow_blank=True)
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


class RundownInputSerializer(serializers.Serializer):
    """An item to add; the same variant again changes it."""

    variant = serializers.IntegerField()
    live_price_fen = serializers.IntegerField(required=False, allow_null=True, default=None, **PRICE)
    quota = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=1_000_000
    )
    per_buyer_limit = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=999
    )


class RundownOrderSerializer(serializers.Serializer):
    """Every item once, in the wanted order."""

    items = serializers.ListField(child=serializers.IntegerField(), max_length=60)


class RundownPriceSerializer(serializers.Serializer):
    """The live price; null takes it away."""

    live_price_fen = serializers.IntegerField(allow_null=True, **PRICE)


class PinInputSerializer(serializers.Serializer):
    """Which item to show; null shows none."""

    rundown_item = serializers.IntegerField(allow_null=True)


class PinAnswerSerializer(serializers.Serializer):
    """What is shown now."""

    pinned = PinSerializer(allow_null=True)


class TakeInputSerializer(serializers.Serializer):
    """The recorder's type, for instance `video/webm;codecs=h264,opus`."""

    mime = serializers.CharField(max_length=80)


class TakeSerializer(serializers.Serializer):
    """Where to PUT the numbered chunks, and with which token (at most ten minutes)."""

    take = serializers.IntegerField()
    upload_url = serializers.CharField()
    upload_token = serializers.CharField()
    resume_from = serializers.IntegerField()


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
