"""Pages of sign-in, sign-up and sign-out. `next` is kept through every step and never leaves the site."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import i18n
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.errors import WrongCredentials
from accounts.forms import CodeForm, PasswordForm, PhoneForm, SignUpForm, show_refusal
from accounts.models import Language, User
from accounts.services.profiling import save_profile
from accounts.services.signing_in import send_code, verify_code
from common.clock import utc_now
from common.errors import MarketError
from common.masking import mask_phone

PENDING = "sign_in_pending"
BACKEND = "accounts.backends.IdentifierBackend"


def next_path(request: HttpRequest) -> str:
    """Return where the person wanted to go, "" for nowhere or for another site (rules.md C9)."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else ""


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by phone or e-mail with a password."""
    if request.user.is_authenticated:
        return _onward(request)
    form = PasswordForm(request.POST or None)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            user = authenticate(
                request, username=form.cleaned_data["identifier"], password=form.cleaned_data["password"]
            )
            if user is None:
                raise WrongCredentials()
            return _signed_in(request, user)
        except MarketError as refusal:
            refused = refusal
    return _page(request, "accounts/sign_in.html", form, refused)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_code(request: HttpRequest) -> HttpResponse:
    """Ask for a code by SMS."""
    return _ask(request, PhoneForm(request.POST or None), "accounts/ask_code.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Become a buyer: a phone that gets a code is all it takes."""
    return _ask(request, SignUpForm(request.POST or None), "accounts/sign_up.html")


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check_code(request: HttpRequest) -> HttpResponse:
    """Take the code and sign in, or send another one to the same phone."""
    if request.user.is_authenticated:
        return _onward(request)
    pending = request.session.get(PENDING)
    if not pending:
        return _to(request, "accounts:ask_code")
    form = CodeForm(request.POST or None)
    refused = None
    try:
        if request.method == "POST" and "again" in request.POST:
            send_code(phone=pending["phone"], now=utc_now(), ip=request.META.get("REMOTE_ADDR", ""))
            return _to(request, "accounts:check_code")
        if request.method == "POST" and form.is_valid():
            user = verify_code(
                phone=pending["phone"],
                code=form.cleaned_data["code"],
                now=utc_now(),
                display_name=pending.get("display_name", ""),
            )
            del request.session[PENDING]
            return _signed_in(request, user)
    except MarketError as refusal:
        refused = refusal
    return _page(
        request, "accounts/check_code.html", form, refused, masked_phone=mask_phone(pending["phone"])
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out on POST; a GET asks first, so that no foreign page can do it."""
    if request.method == "POST":
        logout(request)
        return redirect(settings.LOGOUT_REDIRECT_URL)
    return render(request, "accounts/sign_out.html")


def set_language(request: HttpRequest) -> HttpResponse:
    """Change the language: in the cookie for everyone, on the account for a signed-in person."""
    response = i18n.set_language(request)
    language = request.POST.get("language")
    if request.method == "POST" and language in Language.values and request.user.is_authenticated:
        save_profile(user=request.user, language=language)
    return response


def _ask(request: HttpRequest, form: PhoneForm, template: str) -> HttpResponse:
    if request.user.is_authenticated:
        return _onward(request)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            sent = send_code(
                phone=form.cleaned_data["phone"], now=utc_now(), ip=request.META.get("REMOTE_ADDR", "")
            )
        except MarketError as refusal:
            refused = refusal
        else:
            request.session[PENDING] = {
                "phone": sent.phone,
                "display_name": form.cleaned_data.get("display_name", ""),
            }
            return _to(request, "accounts:check_code")
    return _page(request, template, form, refused)


def _page(request: HttpRequest, template: str, form, refused: MarketError | None, **more) -> HttpResponse:
    """Show the form again, with the refusal on it and its status on the answer."""
    if refused is None:
        status = 400 if form.errors else 200
        return render(request, template, _context(request, form) | more, status=status)
    show_refusal(form, refused)
    response = render(request, template, _context(request, form) | more, status=refused.status)
    if refused.retry_after:
        response["Retry-After"] = str(refused.retry_after)
    return response


def _context(request: HttpRequest, form) -> dict:
    wanted = next_path(request)
    return {
        "form": form,
        "next": wanted,
        "next_query": f"?{urlencode({'next': wanted})}" if wanted else "",
    }


def _signed_in(request: HttpRequest, user: User) -> HttpResponse:
    login(request, user, backend=BACKEND)
    return _onward(request)


def _onward(request: HttpRequest) -> HttpResponseRedirect:
    return redirect(next_path(request) or settings.LOGIN_REDIRECT_URL)


def _to(request: HttpRequest, name: str) -> HttpResponseRedirect:
    return redirect(reverse(name) + _context(request, None)["next_query"])
