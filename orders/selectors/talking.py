"""Reads of private talk, each from a person's scope: a stranger finds nothing."""

from django.db.models import Count, F, Q, QuerySet

from accounts.models import User
from common.errors import NotFound
from orders.models import Conversation, PrivateMessage
from orders.statuses import TalkSide


def list_conversations(*, user: User) -> QuerySet[Conversation]:
    """Return a person's talks, the newest first, each with `unread` for a buyer and for a shop."""
    unread_by_buyer = Q(messages__side=TalkSide.SHOP, messages__pk__gt=F("read_by_buyer"))
    unread_by_shop = Q(messages__side=TalkSide.BUYER, messages__pk__gt=F("read_by_shop"))
    own = Conversation.objects.for_person(user).values("pk")
    return (
        Conversation.objects.filter(pk__in=own)
        .select_related("shop", "buyer")
        .annotate(
            unread_by_buyer=Count("messages", filter=unread_by_buyer),
            unread_by_shop=Count("messages", filter=unread_by_shop),
        )
        .order_by("-last_message_at", "-pk")
    )


def get_conversation(*, user: User, conversation_id: int) -> Conversation:
    """Return a talk of the person's; NotFound for a stranger."""
    found = Conversation.objects.for_person(user).filter(pk=conversation_id).first()
    if found is None:
        raise NotFound()
    return found


def list_messages(*, user: User, conversation_id: int) -> QuerySet[PrivateMessage]:
    """Return what was said, the newest first; NotFound for a stranger."""
    found = get_conversation(user=user, conversation_id=conversation_id)
    return (
        found.messages.select_related("order", "product", "case__order")
        .prefetch_related("photos")
        .order_by("-pk")
    )


def side_of(user: User, found: Conversation) -> str:
    """Return on which side of their talk a person stands."""
    return TalkSide.BUYER if found.buyer_id == user.pk else TalkSide.SHOP
