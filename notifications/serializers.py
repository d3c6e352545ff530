"""Shapes of the inbox."""

from rest_framework import serializers

from notifications.models import Notification


class NotificationSerializer(serializers.ModelSerializer):
    """One message in the person's inbox; `url` is a path of this site or empty."""

    class Meta:
        model = Notification
        fields = ["id", "kind", "title", "body", "url", "created_at", "read_at"]
        read_only_fields = fields


class ReadSerializer(serializers.Serializer):
    """Which to mark as read; without ids, all."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=100, required=False
    )


class ReadAnswerSerializer(serializers.Serializer):
    """How many stay unread."""

    unread_count = serializers.IntegerField()
