"""Shapes of the broadcaster's phone."""

from rest_framework import serializers


class TakeInputSerializer(serializers.Serializer):
    """The recorder's type, for instance `video/webm;codecs=h264,opus`."""

    mime = serializers.CharField(max_length=80)


class TakeSerializer(serializers.Serializer):
    """Where to PUT the numbered chunks, and with which token (at most ten minutes)."""

    take = serializers.IntegerField()
    upload_url = serializers.CharField()
    upload_token = serializers.CharField()
    resume_from = serializers.IntegerField()
