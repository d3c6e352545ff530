"""Shapes of the broadcaster's phone."""

from rest_framework import serializers


class TakeInputSerializer(serializers.Serializer):
    """The recorder's type, for instance `video/webm;codecs=h264,opus`.

    `after`: this phone's last take, when it goes on by itself; without it the newer phone wins.
    """

    mime = serializers.CharField(max_length=80)
    after = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class TakeSerializer(serializers.Serializer):
    """Where to PUT the numbered chunks, and with which token (at most ten minutes)."""

    take = serializers.IntegerField()
    upload_url = serializers.CharField()
    upload_token = serializers.CharField()
    resume_from = serializers.IntegerField()
