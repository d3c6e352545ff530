"""The person's own corner: profile, address book, inbox."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import AddressForm, ProfileForm, show_refusal
from accounts.models import Address
from accounts.selectors import default_address, get_address, list_addresses
from accounts.services.addresses import delete_address, save_address
from accounts.services.profiling import save_profile
from common.clock import utc_now
from common.errors import MarketError
from notifications.selectors import list_inbox
from notifications.services.reading import mark_read, open_notification

INBOX_PAGE = 30


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """Show the person's corner; POST saves name and language."""
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        save_profile(user=request.user, **form.cleaned_data)
        with override(request.user.language):
            messages.success(request, _("Saved."))
        return redirect("storefront:me")
    status = 400 if form.errors else 200
    if form.errors:
        request.user.refresh_from_db()  # the form wrote the refused values onto it
    context = {"form": form, "address": default_address(request.user)}
    return render(request, "storefront/me.html", context, status=status)


@login_required
@require_GET
def addresses(request: HttpRequest) -> HttpResponse:
    """List the address book."""
    wanted = _next(request)
    context = {
        "addresses": list_addresses(request.user),
        "next": wanted,
        "next_query": f"?{urlencode({'next': wanted})}" if wanted else "",
    }
    return render(request, "storefront/addresses.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_new(request: HttpRequest) -> HttpResponse:
    """Add an address."""
    return _edit_address(request, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_edit(request: HttpRequest, address_id: int) -> HttpResponse:
    """Change one of the person's own addresses."""
    return _edit_address(request, get_address(user=request.user, address_id=address_id))


@login_required
@require_POST
def address_delete(request: HttpRequest, address_id: int) -> HttpResponse:
    """Delete one of the person's own addresses."""
    delete_address(user=request.user, address_id=address_id)
    messages.success(request, _("The address is deleted."))
    return redirect("storefront:addresses")


@login_required
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what the person was told, unread first."""
    page = Paginator(list_inbox(request.user), INBOX_PAGE).get_page(request.GET.get("page"))
    return render(request, "storefront/inbox.html", {"page": page})


@login_required
@require_POST
def inbox_open(request: HttpRequest, notification_id: int) -> HttpResponse:
    """Mark one as read and go where it points."""
    notification = open_notification(user=request.user, notification_id=notification_id, now=utc_now())
    return redirect(notification.url or "storefront:inbox")


@login_required
@require_POST
def inbox_read(request: HttpRequest) -> HttpResponse:
    """Mark everything as read."""
    mark_read(user=request.user, ids=None, now=utc_now())
    return redirect("storefront:inbox")


def _edit_address(request: HttpRequest, address: Address | None) -> HttpResponse:
    is_first = address is None and not list_addresses(request.user).exists()
    form = AddressForm(request.POST or None, instance=address, initial={"is_default": is_first})
    is_step = "step" in request.POST
    status = 400 if not is_step and form.errors else 200
    if request.method == "POST" and not is_step and form.is_valid():
        try:
            save_address(user=request.user, data=form.cleaned_data, address=address)
        except MarketError as refusal:
            show_refusal(form, refusal)
            status = refusal.status
        else:
            messages.success(request, _("The address is saved."))
            return redirect(_next(request) or "storefront:addresses")
    if is_step:
        # The next select is to be filled: what is still empty is no mistake yet.
        form.errors.clear()
    context = {"form": form, "address": address, "next": _next(request)}
    return render(request, "storefront/address_form.html", context, status=status)


def _next(request: HttpRequest) -> str:
    """Return where the person came from (the checkout), if it is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else ""
