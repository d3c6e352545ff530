"""What the two sides' pages of a talk share: reading a part of it, and saying something."""

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from common import limits
from common.clock import utc_now
from common.errors import Invalid, MarketError, NotFound
from orders.models import Conversation
from orders.services.conversing import PHOTOS_MAX, TEXT_MAX, read_until, write_message
from orders.talk_cards import Thread, thread_of
from shops.photo_forms import posted_photos, receive_files

# A script asks for a part of the page, and reads a refusal as JSON.
SCRIPT = "thread"


class MessageForm(forms.Form):
    """What is said, and about what."""

    text = forms.CharField(
        label=_("Your message"),
        max_length=TEXT_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 1}),
    )
    product = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    order = forms.CharField(required=False, max_length=20)
    case = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


def is_script(request: HttpRequest) -> bool:
    """Tell whether the thread's own script asks."""
    return request.headers.get("X-Requested-With") == SCRIPT


def read_thread(request: HttpRequest, talk: Conversation, side: str) -> Thread:
    """Return the part of a talk that the request names, and note it as read."""
    thread = thread_of(
        user=request.user,
        talk=talk,
        side=side,
        after=_number(request.GET.get("after")),
        before=_number(request.GET.get("before")),
    )
    if thread.messages:
        read_until(reader=request.user, conversation_id=talk.pk, message_id=thread.newest)
    return thread


def part_of(request: HttpRequest, thread: Thread) -> HttpResponse:
    """Return only the messages, for the thread's own script."""
    return render(request, "orders/_messages.html", {"thread": thread})


def say(request: HttpRequest, talk: Conversation) -> None:
    """Say what was posted, with its photos; a MarketError says why not, and then nothing was said."""
    form = MessageForm(request.POST)
    if not form.is_valid():
        raise Invalid(fields={"text": Invalid.message})
    now = utc_now()
    limits.spend(name="talk.pages", key=f"user:{request.user.pk}", limit=30, seconds=60, now=now)
    photos = posted_photos(request, is_private=True)
    new, faults = receive_files(request, now=now, is_private=True)
    if faults:
        raise Invalid(fields={"files": faults[0]})
    said = form.cleaned_data
    write_message(
        author=request.user,
        conversation_id=talk.pk,
        text=said["text"],
        product_id=said["product"],
        order_number=said["order"],
        case_id=said["case"],
        photo_ids=[photo.pk for photo in [*photos, *new][:PHOTOS_MAX]],
        now=now,
    )


def refusal_words(refusal: MarketError) -> str:
    """Return what a refusal says in place; NotFound is raised again."""
    if isinstance(refusal, NotFound):
        raise refusal
    if refusal.code == Invalid.code and not (refusal.fields or {}).get("files"):
        return str(_("Write something, up to 1000 characters, or send a photo."))
    return " ".join(str(words) for words in (refusal.fields or {}).values()) or str(refusal.message)


def refused_script(refusal: MarketError, words: str) -> HttpResponse:
    """Return a refusal as the thread's script reads it."""
    return JsonResponse({"code": refusal.code, "message": words}, status=refusal.status)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
