"""Answers outside any view: the API's error shape under /api/, a page a villager understands elsewhere."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults

from common.drf import error_body


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request could not be read."""
    if _is_api(request):
        return JsonResponse(
            error_body(code="invalid", message=_("The request could not be read.")), status=400
        )
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: a role or permission is missing."""
    if _is_api(request):
        message = _("You do not have permission to do this.")
        return JsonResponse(error_body(code="forbidden", message=message), status=403)
    return defaults.permission_denied(request, exception)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form's token is missing or old."""
    return forbidden(request, PermissionError(reason))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: not there, or not this person's."""
    if _is_api(request):
        return JsonResponse(error_body(code="not_found", message=_("We could not find that.")), status=404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: logged by Django; the person learns that nothing was changed."""
    if _is_api(request):
        message = _("Something went wrong on our side. Nothing was changed. Please try again.")
        return JsonResponse(error_body(code="server_error", message=message), status=500)
    return defaults.server_error(request)
