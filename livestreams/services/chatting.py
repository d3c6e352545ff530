"""Chat of the room: what people say, and what the market says."""

import math
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from common import limits
from common.errors import Invalid, NotFound
from livestreams.cleaning import clean_text
from livestreams.errors import Banned, BlockedWords, ChatClosed, Muted, SlowChat, StillWaiting
from livestreams.models import ChatMessage, LiveSession
from livestreams.screening import way_out
from livestreams.selectors import message_data
from livestreams.selectors.silences import standing_of
from livestreams.selectors.words import reaction_to
from livestreams.services.locking import lock
from livestreams.services.telling_room import tell
from livestreams.statuses import (
    ON_AIR,
    HeldReason,
    MessageStatus,
    SessionStatus,
    WordReaction,
)

BURST = 5
BURST_SECONDS = 10
# Who has so many lines waiting must let a moderator read them first.
MOST_HELD = 3


@transaction.atomic
def post_message(*, author, session_id: int, text: str, now: datetime) -> ChatMessage:
    """Say something in the room; plain text, escaped wherever it is shown (rules.md 10).

    The line is held for a moderator when it has a blocked word or leads out of the market; the crew's is not.
    Raises NotFound, ChatClosed, Invalid, Muted, Banned, BlockedWords, SlowChat, StillWaiting, TooMany.
    """
    session = LiveSession.objects.public().select_related("host").filter(pk=session_id).first()
    if session is None:
        raise NotFound()
    if session.status not in ON_AIR | {SessionStatus.SCHEDULED}:
        raise ChatClosed()
    text = clean_text(text)
    if not text:
        raise Invalid(fields={"text": _("Write something first.")})
    if len(text) > settings.CHAT_MAX_CHARACTERS:
        raise Invalid(fields={"text": _("That is too long for the chat.")})
    refuse_silenced(person=author, session=session, now=now)
    limits.spend(name="chat", key=f"{session.pk}:{author.pk}", limit=BURST, seconds=BURST_SECONDS, now=now)
    reaction = reaction_to(text, shop_id=session.shop_id)
    if reaction == WordReaction.REFUSE:
        raise BlockedWords()
    reason = ""
    if not LiveSession.objects.for_crew(author).filter(pk=session.pk).exists():
        reason = HeldReason.WORD if reaction else way_out(text)
        _wait_for_turn(session, author, now)
        if reason:
            _refuse_heap(session, author)
    status = MessageStatus.HELD if reason else MessageStatus.VISIBLE
    message = ChatMessage.objects.create(
        session=session, author=author, text=text, status=status, held_reason=reason, created_at=now
    )
    if status == MessageStatus.VISIBLE:
        tell(session.pk, "chat", message_data(message, host_user_id=session.host.user_id))
    return message


def _wait_for_turn(session: LiveSession, author, now: datetime) -> None:
    """Refuse with SlowChat what comes too soon after the person's last line, two lines at once included."""
    if not session.slow_mode_seconds:
        return
    lock(f"chat:{session.pk}:{author.pk}")
    pause = timedelta(seconds=session.slow_mode_seconds)
    last = ChatMessage.objects.filter(session=session, author=author, created_at__gt=now - pause).aggregate(
        at=Max("created_at")
    )["at"]
    if last is not None:
        raise SlowChat(max(math.ceil((last + pause - now).total_seconds()), 1))


def _refuse_heap(session: LiveSession, author) -> None:
    lock(f"chat:{session.pk}:{author.pk}")
    held = ChatMessage.objects.filter(session=session, author=author, status=MessageStatus.HELD)
    if held.count() >= MOST_HELD:
        raise StillWaiting()


@transaction.atomic
def say_for_market(*, session_id: int, kind: str, params: dict, now: datetime) -> ChatMessage:
    """Add a line of the market (a sale, a deal, a notice): its kind and what fills its sentence, no author.

    Sentences and their params are in `livestreams.wording`. It is for everybody: no personal data.
    """
    session = LiveSession.objects.select_related("host").get(pk=session_id)
    message = ChatMessage.objects.create(session=session, kind=kind, params=params, created_at=now)
    tell_line(message, host_user_id=session.host.user_id)
    return message


def tell_line(message: ChatMessage, *, host_user_id: int) -> None:
    """Send a line to the room after commit; one that is there already is replaced."""
    tell(message.session_id, "chat", message_data(message, host_user_id=host_user_id))


def refuse_silenced(*, person, session: LiveSession, now: datetime) -> None:
    """Refuse with Banned or Muted when the last word of a moderator about the person says so."""
    standing = standing_of(session_id=session.pk, person_id=person.pk, now=now)
    if standing.ban:
        raise Banned()
    if standing.mute:
        until = standing.mute.until
        raise Muted(math.ceil((until - now).total_seconds()) if until else None)
