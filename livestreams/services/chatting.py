"""Chat of the room."""

import unicodedata
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from common import limits
from common.errors import Invalid, NotFound
from livestreams.errors import Banned, ChatClosed, Muted
from livestreams.models import ChatMessage, LiveSession, ModerationAction
from livestreams.selectors import message_data
from livestreams.services.telling_room import tell
from livestreams.statuses import ON_AIR, ModerationKind, SessionStatus

BURST = 5
BURST_SECONDS = 10


@transaction.atomic
def post_message(*, author, session_id: int, text: str, now: datetime) -> ChatMessage:
    """Say something in the room; plain text, escaped wherever it is shown (rules.md 10).

    Raises NotFound, ChatClosed, Invalid, Muted, Banned, TooMany.
    """
    session = LiveSession.objects.public().filter(pk=session_id).first()
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
    return _say(session, author, text, now)


@transaction.atomic
def say_for_market(*, session_id: int, text: str, now: datetime) -> ChatMessage:
    """Add a system line (a sale, for instance); it has no author."""
    return _say(LiveSession.objects.get(pk=session_id), None, text[: settings.CHAT_MAX_CHARACTERS], now)


def _say(session: LiveSession, author, text: str, now: datetime) -> ChatMessage:
    message = ChatMessage.objects.create(session=session, author=author, text=text, created_at=now)
    tell(session.pk, "chat", message_data(message, host_user_id=session.host.user_id))
    return message


def clean_text(text: str) -> str:
    """Return one line without control and direction-changing characters, spaces collapsed."""
    kept = (" " if char.isspace() else char for char in text if char.isspace() or _is_printable(char))
    return " ".join("".join(kept).split())


def _is_printable(char: str) -> bool:
    # Cf holds direction overrides; the zero-width joiner builds emoji and stays.
    return char == "\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def refuse_silenced(*, person, session: LiveSession, now: datetime) -> None:
    """Refuse with Banned or Muted when the last word of a moderator about the person says so."""
    last = (
        ModerationAction.objects.filter(
            session=session,
            person=person,
            kind__in=(ModerationKind.MUTE, ModerationKind.UNMUTE, ModerationKind.BAN),
        )
        .order_by("-pk")
        .first()
    )
    if last is None or last.kind == ModerationKind.UNMUTE or (last.until and last.until <= now):
        return
    raise Banned() if last.kind == ModerationKind.BAN else Muted()
