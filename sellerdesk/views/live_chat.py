"""The chat of a show: a helper's page on a second phone, and the host's settings for it."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.clock import utc_now
from common.errors import MarketError, NotFound
from livestreams import selectors
from livestreams.models import LiveSession
from livestreams.serializers.moderation import MuteSerializer, QuickReplySerializer
from livestreams.serializers.room import MessageSerializer
from livestreams.serializers.rundown import RundownItemSerializer
from livestreams.serializers.sessions import SessionDetailSerializer
from livestreams.services import appointing, blocking, pacing, quick_replying
from livestreams.services.snapshot import detail_data
from livestreams.statuses import MessageStatus, SessionStatus, WordReaction
from livestreams.wording import line_words

OVER = (SessionStatus.ENDED, SessionStatus.CANCELLED)
PACES = (0, 5, 10, 30, 60, 120)


@never_cache
@login_required
@require_safe
@ensure_csrf_cookie
def moderate(request: HttpRequest, session_id: int) -> HttpResponse:
    """What a helper does on a second phone; who was asked to help is asked here to say yes."""
    session = selectors.sessions().filter(pk=session_id).first()
    if session is None:
        raise NotFound()
    if not selectors.is_crew(request.user, session):
        if session.status in OVER or not appointing.is_invited(person=request.user, session=session):
            raise NotFound()
        return render(request, "livestreams/moderate_asked.html", {"session": session})
    if session.status in OVER:
        return redirect("storefront:room", session_id=session_id)
    context = {
        "session": session,
        "is_presenter": selectors.is_presenter(request.user, session),
        "console": console_data(request, session),
        "words": chat_words() | line_words(),
        "paces": PACES,
    }
    return render(request, "livestreams/moderate.html", context)


def console_data(request: HttpRequest, session: LiveSession) -> dict:
    """Return what the pages of the crew start from."""
    items = [selectors.item_data(item) for item in selectors.rundown_of(session)]
    lines = selectors.recent_messages(session, viewer=request.user)
    held = selectors.lines_for_crew(session, status=MessageStatus.HELD)
    silenced = selectors.list_silenced(session, now=utc_now())
    return {
        "session": SessionDetailSerializer(detail_data(session)).data,
        "messages": MessageSerializer(lines, many=True).data,
        "held": MessageSerializer(held, many=True).data,
        "silenced": MuteSerializer(silenced, many=True).data,
        "quick_replies": QuickReplySerializer(selectors.list_quick_replies(session), many=True).data,
        "rundown": RundownItemSerializer(items, many=True).data,
        "is_presenter": selectors.is_presenter(request.user, session),
    }


def chat_words() -> dict[str, str]:
    """What the modules of chat, moderation and pins say, in the reader's language."""
    return {
        "pinned": _("Showing now"),
        "pin": _("Show"),
        "unpin": _("Stop showing"),
        "left": _("{count} left"),
        "sold_out": _("Sold out"),
        "empty": _("No goods yet: add some to the show's list."),
        "system": _("Market"),
        "host": _("Host"),
        "waiting": _("Waiting for a moderator"),
        "wait_seconds": _("You can write again in {seconds} s"),
        "moderate": _("What to do about this line"),
        "hidden": _("Hidden from everybody."),
        "shown": _("Everybody sees it now."),
        "muted": _("Muted."),
        "banned": _("Banned from this room."),
        "lifted": _("May speak again."),
        "appointed": _("Helps with the chat now."),
        "show": _("Let it in"),
        "hide": _("Hide it"),
        "let": _("Let speak again"),
        "held_word": _("a blocked word"),
        "held_link": _("a link"),
        "held_phone": _("a telephone number"),
        "held_account": _("an account elsewhere"),
        "mute": _("muted until {until}"),
        "mute_show": _("muted for this show"),
        "ban": _("banned"),
        "paced": _("The pace is set."),
        "on_air": _("On air"),
        "resting": _("Not on air"),
        "over": _("The show is over"),
    }


@login_required
@require_POST
def moderate_join(request: HttpRequest, session_id: int) -> HttpResponse:
    """Say yes to the host."""
    appointing.accept_invitation(person=request.user, session_id=session_id, now=utc_now())
    messages.success(request, _("Thank you! You look after the chat now."))
    return redirect("sellerdesk:moderate", session_id=session_id)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def show_chat(request: HttpRequest, session_id: int) -> HttpResponse:
    """The host's settings of the chat; a POST does the one thing that its button names."""
    session = selectors.get_presented_session(request.user, session_id)
    refusal = None
    if request.method == "POST":
        step = _STEPS.get(request.POST.get("do", ""))
        if step is None:
            raise NotFound()
        try:
            messages.success(request, step(request, session))
        except MarketError as error:
            if error.status == 404:
                raise
            refusal = error
        else:
            return redirect("sellerdesk:show_chat", session_id=session_id)
    return _chat_page(request, session, refusal)


def _chat_page(request: HttpRequest, session: LiveSession, refusal: MarketError | None) -> HttpResponse:
    may_block = blocking.may_block(request.user, shop_id=session.shop_id)
    texts = [str(text) for text in (refusal.fields or {}).values()] if refusal else []
    context = {
        "session": session,
        "refusal": " ".join(texts) or (refusal.message if refusal else ""),
        "typed": request.POST if refusal else {},
        "is_over": session.status in OVER,
        "moderators": selectors.list_moderators(session),
        "earlier": selectors.earlier_moderators(session),
        "quick_replies": selectors.list_quick_replies(session),
        "may_block": may_block,
        "blocked": selectors.list_words(shop_id=session.shop_id) if may_block else [],
        "reactions": WordReaction.choices,
        "paces": PACES,
        "log": selectors.list_moderation(session, limit=30),
    }
    return render(request, "livestreams/desk_chat.html", context, status=refusal.status if refusal else 200)


def _who(request: HttpRequest, session: LiveSession) -> dict:
    return {"actor": request.user, "session_id": session.pk}


def _number(request: HttpRequest) -> int:
    """Return the row that the pressed button names; NotFound for anything else."""
    text = request.POST.get("number", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound()
    return int(text)


def _ask_helper(request: HttpRequest, session: LiveSession) -> str:
    appointing.invite(
        identifier=request.POST.get("identifier", "")[:254], now=utc_now(), **_who(request, session)
    )
    return _("If this person has an account here, they were asked. They appear here when they say yes.")


def _bring_helpers(request: HttpRequest, session: LiveSession) -> str:
    appointing.carry_over(now=utc_now(), **_who(request, session))
    return _("The helpers of your last show are here, too.")


def _dismiss(request: HttpRequest, session: LiveSession) -> str:
    appointing.dismiss(person_id=_number(request), now=utc_now(), **_who(request, session))
    return _("No longer helps in this show.")


def _add_reply(request: HttpRequest, session: LiveSession) -> str:
    quick_replying.add_quick_reply(text=request.POST.get("text", ""), **_who(request, session))
    return _("Kept. One tap sends it.")


def _change_reply(request: HttpRequest, session: LiveSession) -> str:
    quick_replying.change_quick_reply(
        reply_id=_number(request), text=request.POST.get("text", ""), **_who(request, session)
    )
    return _("Changed.")


def _remove_reply(request: HttpRequest, session: LiveSession) -> str:
    quick_replying.remove_quick_reply(reply_id=_number(request), **_who(request, session))
    return _("Taken out.")


def _add_words(request: HttpRequest, session: LiveSession) -> str:
    count = blocking.add_words(
        actor=request.user, shop_id=session.shop_id, lines=request.POST.get("lines", ""),
        reaction=request.POST.get("reaction", ""), now=utc_now(),
    )  # fmt: skip
    return _("Blocked from now on: %(count)s") % {"count": count}


def _remove_word(request: HttpRequest, session: LiveSession) -> str:
    blocking.remove_word(actor=request.user, shop_id=session.shop_id, word_id=_number(request), now=utc_now())
    return _("Taken out.")


def _set_pace(request: HttpRequest, session: LiveSession) -> str:
    pacing.set_pace(seconds=_number(request), now=utc_now(), **_who(request, session))
    return _("The pace is set.")


_STEPS: dict[str, Callable[[HttpRequest, LiveSession], str]] = {
    "ask_helper": _ask_helper,
    "bring_helpers": _bring_helpers,
    "dismiss": _dismiss,
    "add_reply": _add_reply,
    "change_reply": _change_reply,
    "remove_reply": _remove_reply,
    "add_words": _add_words,
    "remove_word": _remove_word,
    "set_pace": _set_pace,
}
