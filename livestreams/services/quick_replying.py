"""Lines that a host says often, kept to be sent with one tap."""

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from common.errors import Invalid, NotFound
from livestreams.cleaning import clean_text
from livestreams.models import QuickReply
from livestreams.services.scheduling import locked_session

MOST = 20
LONGEST = 200


@transaction.atomic
def add_quick_reply(*, actor, session_id: int, text: str) -> QuickReply:
    """Keep a line for the host of this show, as the last one. NotFound, Invalid."""
    session = locked_session(actor=actor, session_id=session_id)
    text = _checked(text)
    kept = QuickReply.objects.filter(host=session.host_id)
    if kept.count() >= MOST:
        raise Invalid(fields={"text": _("That is enough lines; take one out first.")})
    last = kept.aggregate(last=Max("position"))["last"]
    return QuickReply.objects.create(
        host_id=session.host_id, text=text, position=0 if last is None else last + 1
    )


@transaction.atomic
def change_quick_reply(*, actor, session_id: int, reply_id: int, text: str) -> QuickReply:
    """Say it in other words. NotFound, Invalid."""
    reply = _reply(actor, session_id, reply_id)
    reply.text = _checked(text)
    reply.save(update_fields=["text"])
    return reply


@transaction.atomic
def remove_quick_reply(*, actor, session_id: int, reply_id: int) -> None:
    """Forget a line. NotFound."""
    _reply(actor, session_id, reply_id).delete()


def _reply(actor, session_id: int, reply_id: int) -> QuickReply:
    session = locked_session(actor=actor, session_id=session_id)
    reply = QuickReply.objects.select_for_update().filter(pk=reply_id, host=session.host_id).first()
    if reply is None:
        raise NotFound()
    return reply


def _checked(text: str) -> str:
    text = clean_text(text)
    if not text or len(text) > LONGEST:
        raise Invalid(fields={"text": _("Write a line of at most 200 characters.")})
    return text
