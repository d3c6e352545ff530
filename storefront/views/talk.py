"""Private talk with shops, for the buyer; reporting a message, for either side."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from common.clock import utc_now
from common.errors import MarketError
from orders.models import Conversation
from orders.selectors.talking import (
    find_talk,
    get_reportable_message,
    get_shop_to_talk_to,
    list_own_talks,
)
from orders.services.conversing import open_conversation, report_message
from orders.statuses import TalkSide
from orders.talk_cards import Thread, about_of
from orders.talk_pages import MessageForm, is_script, part_of, read_thread, refusal_words, refused_script, say
from shops.models import Shop
from shops.selectors import is_member, photo_url

PAGE = 30


@never_cache
@login_required
@require_safe
def talks(request: HttpRequest) -> HttpResponse:
    """List the person's talks with shops, the newest first."""
    page = Paginator(list_own_talks(user=request.user), PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "name": talk.shop.name,
            "url": reverse("storefront:talk", args=[talk.shop_id]),
            "face": photo_url(talk.shop.photo, 96),
            "text": talk.last_text,
            "at": talk.last_message_at,
            "unread": talk.unread_by_buyer,
        }
        for talk in page.object_list
    ]
    return render(request, "storefront/talks.html", {"page": page, "rows": rows})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def talk(request: HttpRequest, shop_id: int) -> HttpResponse:
    """Show what a buyer and a shop say to each other; POST says something, and begins the talk."""
    shop = get_shop_to_talk_to(user=request.user, shop_id=shop_id)
    if is_member(request.user, shop):
        return redirect("sellerdesk:talks")
    found = find_talk(buyer=request.user, shop_id=shop.pk)
    if request.method != "POST":
        thread = read_thread(request, found, TalkSide.BUYER) if found else Thread([], None)
        return part_of(request, thread) if is_script(request) else _page(request, shop, found, thread)
    try:
        found = found or open_conversation(buyer=request.user, shop_id=shop.pk, now=utc_now())
        say(request, found)
    except MarketError as refusal:
        words = refusal_words(refusal)
        if is_script(request):
            return refused_script(refusal, words)
        thread = read_thread(request, found, TalkSide.BUYER) if found else Thread([], None)
        return _page(request, shop, found, thread, refusal=words, status=refusal.status)
    if is_script(request):
        return part_of(request, read_thread(request, found, TalkSide.BUYER))
    return redirect(reverse("storefront:talk", args=[shop.pk]) + "#newest")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def message_report(request: HttpRequest, message_id: int) -> HttpResponse:
    """Ask the market to look at what the other side said."""
    message = get_reportable_message(user=request.user, message_id=message_id)
    found = message.conversation
    back = (
        reverse("storefront:talk", args=[found.shop_id])
        if found.buyer_id == request.user.pk
        else reverse("sellerdesk:talk", args=[found.pk])
    )
    context = {"message": message, "back": back, "refusal": ""}
    if request.method != "POST":
        return render(request, "storefront/message_report.html", context)
    try:
        report_message(
            reporter=request.user,
            message_id=message_id,
            reason=request.POST.get("reason", "")[:200],
            now=utc_now(),
        )
    except MarketError as refusal:
        context["refusal"] = str(refusal.message)
        return render(request, "storefront/message_report.html", context, status=refusal.status)
    messages.success(request, _("Thank you. The market looks at it."))
    return redirect(back)


def _page(
    request: HttpRequest,
    shop: Shop,
    found: Conversation | None,
    thread: Thread,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    context = {
        "shop": shop,
        "talk": found,
        "thread": thread,
        "form": MessageForm(request.POST) if refusal else MessageForm(),
        "about": about_of(buyer_id=request.user.pk, shop_id=shop.pk, side=TalkSide.BUYER, given=given.dict()),
        "refusal": refusal,
        "here": reverse("storefront:talk", args=[shop.pk]),
    }
    return render(request, "storefront/talk.html", context, status=status)
