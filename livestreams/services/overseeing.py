"""What an operator may do in any room, with a reason that is kept."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, NotAllowed, NotFound
from livestreams.models import ChatMessage, LiveSession, ModerationAction
from livestreams.services.presenting import close_session
from livestreams.services.telling_room import tell
from livestreams.statuses import MessageStatus, ModerationKind


@transaction.atomic
def hide_by_operator(*, actor: User, message_id: int, reason: str, now: datetime) -> ChatMessage:
    """Hide a line from everybody; the row stays as evidence. NotAllowed, NotFound, Invalid."""
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    message = ChatMessage.objects.select_for_update().filter(pk=message_id).first()
    if message is None:
        raise NotFound()
    if message.status == MessageStatus.HIDDEN:
        return message
    before, message.status = message.status, MessageStatus.HIDDEN
    message.save(update_fields=["status"])
    ModerationAction.objects.create(
        session_id=message.session_id,
        kind=ModerationKind.HIDE,
        moderator=actor,
        person_id=message.author_id,
        message=message,
        reason=reason.strip()[:200],
        created_at=now,
    )
    record(
        actor=actor_of(actor),
        action="livestreams.hide_message",
        target=f"chatmessage:{message.pk}",
        before={"status": before},
        after={"status": message.status},
        reason=reason.strip(),
        now=now,
    )
    tell(message.session_id, "chat", {"id": message.pk, "is_hidden": True})
    return message


@transaction.atomic
def end_by_operator(*, actor: User, session_id: int, reason: str, now: datetime) -> LiveSession:
    """End a show that must not go on; the replay stays. NotAllowed, NotFound, Invalid, MoveRefused."""
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    session = LiveSession.objects.select_for_update().filter(pk=session_id).first()
    if session is None:
        raise NotFound()
    return close_session(session=session, now=now, reason=reason.strip()[:120], actor=actor)
