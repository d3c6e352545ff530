"""Private talk between a buyer and a shop. It is evidence: nothing of it is changed or deleted."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from orders.models.after_sales import AfterSaleCase
from orders.models.orders import Order
from orders.statuses import TalkSide
from shops.models import Photo, Product, Shop


class ConversationQuerySet(models.QuerySet):
    """Scopes of conversations."""

    def for_person(self, user):
        """Return what the person says as a buyer, and what people of their shops answer."""
        return self.filter(Q(buyer=user) | Q(shop__memberships__user=user)).distinct()


class Conversation(models.Model):
    """All that one buyer and one shop say to each other; each side has read up to some message."""

    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="conversations"
    )
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="conversations")
    created_at = models.DateTimeField()
    last_message_at = models.DateTimeField()
    read_by_buyer = models.BigIntegerField(default=0)
    read_by_shop = models.BigIntegerField(default=0)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["buyer", "shop"], name="conversation_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class PrivateMessage(models.Model):
    """What one side said, about a product, an order or a case. The database keeps it as it is."""

    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="messages")
    side = models.CharField(max_length=6, choices=TalkSide)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=1000, blank=True)
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(
        Order, null=True, blank=True, on_delete=models.PROTECT, related_name="private_messages"
    )
    case = models.ForeignKey(
        AfterSaleCase, null=True, blank=True, on_delete=models.PROTECT, related_name="private_messages"
    )
    photos = models.ManyToManyField(Photo, related_name="+", blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["conversation", "side", "id"], name="private_message_unread")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class MessageReport(models.Model):
    """The other side asks the market to look at a message."""

    message = models.ForeignKey(PrivateMessage, on_delete=models.PROTECT, related_name="reports")
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "reporter"], name="message_report_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"
