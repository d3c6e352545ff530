"""Private talk with buyers, for the people of a shop."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.clock import utc_now
from common.errors import MarketError
from orders.models import Conversation
from orders.selectors.talking import get_shop_talk, list_shop_talks
from orders.services.conversing import open_conversation_about
from orders.statuses import TalkSide
from orders.talk_cards import Thread, about_of
from orders.talk_pages import MessageForm, is_script, part_of, read_thread, refusal_words, refused_script, say
from sellerdesk.permissions import member_required

PAGE = 30


@never_cache
@member_required
@require_safe
def talks(request: HttpRequest) -> HttpResponse:
    """List the talks of the person's shops, the newest first."""
    page = Paginator(list_shop_talks(user=request.user), PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "name": talk.buyer.display_name,
            "shop": talk.shop.name if len(request.own_shops) > 1 else "",
            "url": reverse("sellerdesk:talk", args=[talk.pk]),
            "text": talk.last_text,
            "at": talk.last_message_at,
            "unread": talk.unread_by_shop,
        }
        for talk in page.object_list
    ]
    return render(request, "sellerdesk/talks.html", {"page": page, "rows": rows})


@never_cache
@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def talk(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Show what a buyer and the shop say to each other; POST answers."""
    found = get_shop_talk(user=request.user, conversation_id=conversation_id)
    if request.method != "POST":
        thread = read_thread(request, found, TalkSide.SHOP)
        return part_of(request, thread) if is_script(request) else _page(request, found, thread)
    try:
        say(request, found)
    except MarketError as refusal:
        words = refusal_words(refusal)
        if is_script(request):
            return refused_script(refusal, words)
        thread = read_thread(request, found, TalkSide.SHOP)
        return _page(request, found, thread, refusal=words, status=refusal.status)
    if is_script(request):
        return part_of(request, read_thread(request, found, TalkSide.SHOP))
    return redirect(reverse("sellerdesk:talk", args=[found.pk]) + "#newest")


@member_required
@require_POST
def talk_about(request: HttpRequest, number: str) -> HttpResponse:
    """Write to the buyer of an order, about it or about a case of it."""
    found = open_conversation_about(member=request.user, number=number, now=utc_now())
    case = request.POST.get("case", "")
    about = f"case={case}" if case.isascii() and case.isdigit() else f"order={number}"
    return redirect(reverse("sellerdesk:talk", args=[found.pk]) + f"?{about}#newest")


def _page(
    request: HttpRequest, found: Conversation, thread: Thread, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    context = {
        "talk": found,
        "thread": thread,
        "form": MessageForm(request.POST) if refusal else MessageForm(),
        "about": about_of(
            buyer_id=found.buyer_id, shop_id=found.shop_id, side=TalkSide.SHOP, given=given.dict()
        ),
        "refusal": refusal,
        "here": reverse("sellerdesk:talk", args=[found.pk]),
    }
    return render(request, "sellerdesk/talk.html", context, status=status)
