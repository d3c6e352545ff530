"""Shapes of a show's media key."""

from rest_framework import serializers


class NewMediaKeySerializer(serializers.Serializer):
    """The one answer that holds the secret."""

    key = serializers.CharField()
    server_url = serializers.CharField(help_text="RTMP address; empty where the market takes no RTMP.")
    hint = serializers.CharField()


class MediaKeySerializer(serializers.Serializer):
    """What can be told of a key later, and what arrives under it."""

    hint = serializers.CharField()
    created_at = serializers.DateTimeField(allow_null=True)
    is_active = serializers.BooleanField()
    state = serializers.ChoiceField(["receiving", "waiting"])
    refused = serializers.CharField(help_text="Code of the last refusal within a minute, or empty.")
