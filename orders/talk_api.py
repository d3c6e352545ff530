"""Doors of private talk in the API."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from orders.models import Conversation, PrivateMessage
from orders.selectors.talking import list_conversations, list_messages, side_of
from orders.services import conversing
from orders.statuses import TalkSide
from shops.selectors import photo_url


class OpenTalkSerializer(serializers.Serializer):
    """With which shop to talk."""

    shop = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class WritePrivateMessageSerializer(serializers.Serializer):
    """What to say, and about what; photos are ids of photos that the author sent as private."""

    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=conversing.TEXT_MAX)
    order = serializers.CharField(required=False, allow_blank=True, default="", max_length=20)
    product = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**63 - 1
    )
    case = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**63 - 1
    )
    photos = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=list,
        max_length=conversing.PHOTOS_MAX,
    )


class ReadUntilSerializer(serializers.Serializer):
    """Up to which message everything is read."""

    message = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class ReportPrivateMessageSerializer(serializers.Serializer):
    """Why the market should look at a message."""

    reason = serializers.CharField(max_length=200)


class ConversationSerializer(serializers.ModelSerializer):
    """A talk, with how much the caller has not read."""

    unread = serializers.SerializerMethodField()

    class Meta:
        model = Conversation
        fields = ["id", "shop", "unread", "created_at", "last_message_at"]
        read_only_fields = fields

    def get_unread(self, found: Conversation) -> int:
        """How many messages of the other side are new."""
        side = side_of(self.context["request"].user, found)
        return getattr(found, f"unread_by_{side}", 0)


class PrivateMessageSerializer(serializers.ModelSerializer):
    """What one side said."""

    order = serializers.CharField(source="order.number", default="", read_only=True)
    photos = serializers.SerializerMethodField()
    side = serializers.ChoiceField(choices=TalkSide.choices, read_only=True)

    class Meta:
        model = PrivateMessage
        fields = ["id", "side", "text", "order", "product", "case", "photos", "created_at"]
        read_only_fields = fields

    def get_photos(self, message: PrivateMessage) -> list[str]:
        """Where the photos that are ready can be seen."""
        return [url for url in (photo_url(photo) for photo in message.photos.all()) if url]


class ConversationsView(ListAPIView):
    """A person's talks, as a buyer and as a member of shops."""

    serializer_class = ConversationSerializer
    queryset = Conversation.objects.none()
    filter_backends = []

    def get_queryset(self) -> QuerySet:
        """Start from the person's scope."""
        if getattr(self, "swagger_fake_view", False):
            return Conversation.objects.none()
        return list_conversations(user=self.request.user)

    @extend_schema(
        operation_id="conversations_open", request=OpenTalkSerializer, responses=ConversationSerializer
    )
    def post(self, request: Request) -> Response:
        """Begin, or find again, the buyer's talk with a shop."""
        shop_id = validated(OpenTalkSerializer, request)["shop"]
        found = conversing.open_conversation(buyer=request.user, shop_id=shop_id, now=utc_now())
        return Response(ConversationSerializer(found, context={"request": request}).data)


class MessagesView(ListAPIView):
    """What was said, the newest first."""

    serializer_class = PrivateMessageSerializer
    queryset = PrivateMessage.objects.none()
    filter_backends = []

    def get_queryset(self) -> QuerySet:
        """Start from the person's scope; 404 for a stranger."""
        if getattr(self, "swagger_fake_view", False):
            return PrivateMessage.objects.none()
        return list_messages(user=self.request.user, conversation_id=self.kwargs["conversation_id"])

    @extend_schema(
        operation_id="conversation_messages_create",
        request=WritePrivateMessageSerializer,
        responses={201: PrivateMessageSerializer},
    )
    def post(self, request: Request, conversation_id: int) -> Response:
        """Say something."""
        said = validated(WritePrivateMessageSerializer, request)
        message = conversing.write_message(
            author=request.user,
            conversation_id=conversation_id,
            text=said["text"],
            order_number=said["order"],
            product_id=said["product"],
            case_id=said["case"],
            photo_ids=said["photos"],
            now=utc_now(),
        )
        return Response(PrivateMessageSerializer(message).data, status=201)


class ReadView(APIView):
    """How far a side has read."""

    @extend_schema(operation_id="conversation_read", request=ReadUntilSerializer, responses={204: None})
    def post(self, request: Request, conversation_id: int) -> Response:
        """Note that everything up to a message is read."""
        message_id = validated(ReadUntilSerializer, request)["message"]
        conversing.read_until(reader=request.user, conversation_id=conversation_id, message_id=message_id)
        return Response(status=204)


class ReportMessageView(APIView):
    """A message that the market should look at."""

    @extend_schema(
        operation_id="private_messages_report", request=ReportPrivateMessageSerializer, responses={204: None}
    )
    def post(self, request: Request, message_id: int) -> Response:
        """Report what the other side said."""
        reason = validated(ReportPrivateMessageSerializer, request)["reason"]
        conversing.report_message(reporter=request.user, message_id=message_id, reason=reason, now=utc_now())
        return Response(status=204)
