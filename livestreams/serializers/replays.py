"""Shapes of replays and clips."""

from rest_framework import serializers

from livestreams.serializers.rundown import ChapterSerializer
from livestreams.statuses import ClipStatus, ReplayStatus

LONGEST_MS = 1000 * 3600 * 48


class SpriteSerializer(serializers.Serializer):
    """How the sheet of small pictures is laid out."""

    columns = serializers.IntegerField()
    rows = serializers.IntegerField()
    width = serializers.IntegerField(help_text="Pixels of one picture.")
    height = serializers.IntegerField()
    count = serializers.IntegerField()
    starts_ms = serializers.IntegerField(help_text="Place of the first picture.")
    interval_ms = serializers.IntegerField()


class OwnReplaySerializer(serializers.Serializer):
    """What only presenters see; places count in the whole show."""

    hidden = serializers.BooleanField()
    is_barred = serializers.BooleanField(help_text="An operator took it down.")
    trim_start_ms = serializers.IntegerField()
    trim_end_ms = serializers.IntegerField(allow_null=True)
    whole_ms = serializers.IntegerField(allow_null=True)
    master_bytes = serializers.IntegerField()
    master_sha256 = serializers.CharField(allow_blank=True, help_text="Empty until the file is made.")
    error = serializers.CharField(allow_blank=True)
    progress = serializers.IntegerField(allow_null=True, help_text="Percent of the file that are made.")


class ReplaySerializer(serializers.Serializer):
    """A replay; places of chapters and pictures count in what is kept of the show."""

    status = serializers.ChoiceField(choices=ReplayStatus.choices)
    playback_url = serializers.CharField(allow_null=True)
    poster_url = serializers.CharField(allow_null=True)
    sprite_url = serializers.CharField(allow_null=True)
    sprite = SpriteSerializer(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    chapters = ChapterSerializer(many=True)
    own = OwnReplaySerializer(allow_null=True)


class ReplayPatchSerializer(serializers.Serializer):
    """What people see of the replay; what is left out stays. `trim_end_ms` null: to the end of the show."""

    hidden = serializers.BooleanField(required=False)
    trim_start_ms = serializers.IntegerField(required=False, min_value=0, max_value=LONGEST_MS)
    trim_end_ms = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=LONGEST_MS)


class ClipSerializer(serializers.Serializer):
    """A piece of a replay; places count in the whole show."""

    id = serializers.IntegerField()
    session = serializers.IntegerField()
    chapter = serializers.IntegerField(allow_null=True)
    title = serializers.CharField()
    starts_ms = serializers.IntegerField()
    ends_ms = serializers.IntegerField()
    status = serializers.ChoiceField(choices=ClipStatus.choices)
    duration_ms = serializers.IntegerField(allow_null=True)
    video_url = serializers.CharField(allow_null=True)
    poster_url = serializers.CharField(allow_null=True)
    url = serializers.CharField()
    error = serializers.CharField(allow_blank=True)


class ClipInputSerializer(serializers.Serializer):
    """A chapter, or where the clip begins and ends (3 to 90 seconds)."""

    chapter = serializers.IntegerField(required=False, allow_null=True, default=None)
    starts_ms = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=LONGEST_MS
    )
    ends_ms = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=LONGEST_MS
    )
    title = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
