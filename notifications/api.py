"""REST doors of the inbox."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from notifications.models import Notification
from notifications.selectors import count_unread, inbox_of
from notifications.serializers import NotificationSerializer, ReadAnswerSerializer, ReadSerializer
from notifications.services.reading import mark_read


class NotificationListView(generics.ListAPIView):
    """What the person was told, newest first."""

    serializer_class = NotificationSerializer
    filter_backends = []

    def get_queryset(self) -> QuerySet[Notification]:
        """Start from the person."""
        if getattr(self, "swagger_fake_view", False):
            return Notification.objects.none()
        return inbox_of(self.request.user)


class NotificationReadView(APIView):
    """Mark as read."""

    @extend_schema(operation_id="notifications_read", request=ReadSerializer, responses=ReadAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Mark some or all of the person's notifications as read; somebody else's id is 404."""
        form = ReadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        mark_read(user=request.user, ids=form.validated_data.get("ids"), now=utc_now())
        return Response({"unread_count": count_unread(request.user)})
