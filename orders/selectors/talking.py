"""Reads of private talk, each from a person's scope: a stranger finds nothing."""

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from common.errors import NotFound
from orders.models import Conversation, Order, PrivateMessage
from orders.statuses import TalkSide
from shops.models import Shop
from shops.selectors import visible_shops


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


def list_own_talks(*, user: User) -> QuerySet[Conversation]:
    """Return a buyer's talks with shops; `last_text` is what was said last."""
    return _with_last(list_conversations(user=user).filter(buyer=user))


def list_shop_talks(*, user: User) -> QuerySet[Conversation]:
    """Return the talks of the shops a person works in, `last_text` what was said last."""
    return _with_last(list_conversations(user=user).exclude(buyer=user))


def count_unread_of_buyer(user: User) -> int:
    """Return how many messages of shops a buyer has not read."""
    return PrivateMessage.objects.filter(
        conversation__buyer=user, side=TalkSide.SHOP, pk__gt=F("conversation__read_by_buyer")
    ).count()


def count_unread_of_shops(user: User) -> int:
    """Return how many messages of buyers wait in the shops a person works in."""
    return PrivateMessage.objects.filter(
        conversation__shop__memberships__user=user,
        side=TalkSide.BUYER,
        pk__gt=F("conversation__read_by_shop"),
    ).count()


def get_shop_to_talk_to(*, user: User, shop_id: int) -> Shop:
    """Return a shop that a buyer may write to: one to be seen, or one they bought from; else NotFound."""
    shop = visible_shops(user).filter(pk=shop_id).first()
    if shop is None and Order.objects.for_buyer(user).filter(shop_id=shop_id).exists():
        shop = Shop.objects.filter(pk=shop_id).first()
    if shop is None:
        raise NotFound()
    return shop


def find_talk(*, buyer: User, shop_id: int) -> Conversation | None:
    """Return the talk of a buyer with a shop, if they have begun one."""
    return Conversation.objects.select_related("shop", "buyer").filter(buyer=buyer, shop_id=shop_id).first()


def get_shop_talk(*, user: User, conversation_id: int) -> Conversation:
    """Return a talk of the shops a person works in; NotFound for everybody else, its buyer too."""
    talks = Conversation.objects.for_person(user).exclude(buyer=user).select_related("shop", "buyer")
    found = talks.filter(pk=conversation_id).first()
    if found is None:
        raise NotFound()
    return found


def _with_last(talks: QuerySet) -> QuerySet:
    newest = PrivateMessage.objects.filter(conversation=OuterRef("pk")).order_by("-pk")
    return talks.annotate(last_text=Subquery(newest.values("text")[:1])).filter(last_text__isnull=False)


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


def get_reportable_message(*, user: User, message_id: int) -> PrivateMessage:
    """Return what the other side of a person's talk said; NotFound for everything else."""
    message = PrivateMessage.objects.select_related("conversation").filter(pk=message_id).first()
    if message is None:
        raise NotFound()
    found = get_conversation(user=user, conversation_id=message.conversation_id)
    if message.side == side_of(user, found):
        raise NotFound()
    return message
