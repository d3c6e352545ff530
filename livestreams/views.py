"""Where the media server asks: may this sender begin, may it go on, it has left.

nginx's RTMP module cannot sign, so its questions go through a location of the same nginx, which adds our
signed token. Fields are read only when they stand there once: the module adds what a sender wrote after its
stream name unescaped, and so a sender could write any of them a second time.
"""

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from common.clock import utc_now
from common.errors import BodyTooLarge, Invalid, MarketError
from common.signing import BadToken
from livestreams import storage
from livestreams.services import rtmp_receiving

logger = logging.getLogger(__name__)

LARGEST_BODY = 8 * 1024
LONGEST_FIELD = 256


def _hook(view):
    """Let only the media server in; a refusal is a status and a code, without a page."""

    @csrf_exempt
    @require_POST
    def checked(request: HttpRequest) -> HttpResponse:
        try:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                raise BadToken()
            rtmp_receiving.check_hook_token(token.strip())
            length = request.META.get("CONTENT_LENGTH") or "0"
            if not length.isdigit() or int(length) > LARGEST_BODY:
                raise BodyTooLarge()
            return view(request)
        except MarketError as refusal:
            logger.info("media hook %s: %s", request.path, refusal.code)
            response = HttpResponse(refusal.code, status=refusal.status, content_type="text/plain")
            if refusal.retry_after:
                response["Retry-After"] = str(refusal.retry_after)
            return response

    return checked


def _field(request: HttpRequest, name: str) -> str:
    values = request.POST.getlist(name)
    if len(values) != 1 or len(values[0]) > LONGEST_FIELD or not values[0].isprintable():
        raise Invalid()
    return values[0]


@_hook
def media_publish(request: HttpRequest) -> HttpResponse:
    """Answer with the name under which the media server records: the secret is not written anywhere."""
    take = rtmp_receiving.open_take(
        secret=_field(request, "name"), connection=_field(request, "clientid"),
        address=_field(request, "addr"), now=utc_now(),
    )  # fmt: skip
    return HttpResponse(status=302, headers={"Location": storage.rtmp_name(take.pk)})


@_hook
def media_update(request: HttpRequest) -> HttpResponse:
    """204 while the sender may go on, 403 ends it."""
    may_go_on = rtmp_receiving.may_go_on(
        secret=_field(request, "name"), connection=_field(request, "clientid")
    )
    return HttpResponse(status=204 if may_go_on else 403)


@_hook
def media_done(request: HttpRequest) -> HttpResponse:
    """Close the take of a sender that left."""
    rtmp_receiving.sender_left(
        secret=_field(request, "name"), connection=_field(request, "clientid"), now=utc_now()
    )
    return HttpResponse(status=204)
