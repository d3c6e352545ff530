"""The manner of the REST API: error shape and pagination (api.md)."""

import logging

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, pagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import set_rollback

from common.errors import BodyTooLarge, MarketError, refusal_in

logger = logging.getLogger(__name__)

CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many",
}


def error_body(*, code: str, message: str, fields: dict | None = None) -> dict:
    """Return the one error shape of the API."""
    body = {"code": code, "message": str(message)}
    if fields:
        body["fields"] = fields
    return body


def validated(serializer_class: type[Serializer], request: Request) -> dict:
    """Return the checked body; ValidationError (400 with `fields`) otherwise."""
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def handle_error(error: Exception, context: dict) -> Response:
    """Turn any exception of an API view into the error shape; unknown ones are logged and become 500."""
    if isinstance(error, RequestDataTooBig):
        error = BodyTooLarge()
    error = refusal_in(error)
    if isinstance(error, MarketError):
        set_rollback()
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
        fields = {name: str(text) for name, text in (error.fields or {}).items()}
        body = error_body(code=error.code, message=error.message, fields=fields) | error.extra()
        return Response(body, error.status, headers=headers)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError()
    if isinstance(error, exceptions.APIException):
        set_rollback()
        return _answer_api_exception(error)
    logger.exception("unhandled error in %s", context.get("view").__class__.__name__)
    set_rollback()
    message = _("Something went wrong on our side. Nothing was changed. Please try again.")
    return Response(error_body(code="server_error", message=message), 500)


def _answer_api_exception(error: exceptions.APIException) -> Response:
    status = error.status_code
    fields = None
    message = error.detail
    if isinstance(error, exceptions.ValidationError):
        message = _("Please check what you entered. Nothing was saved.")
        fields = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
    elif isinstance(error, exceptions.NotFound):
        message = _("We could not find that.")
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait) + 1)
    code = CODES.get(status, "refused")
    return Response(error_body(code=code, message=message, fields=fields), status, headers=headers)


class MarketPagination(pagination.CursorPagination):
    """Cursor pagination; `page_size` up to 100 (api.md)."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100
    ordering = "-pk"

    def paginate_queryset(self, queryset, request, view=None):
        """Return one page; a cursor that nobody gave out is 404, whatever it holds."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError, DataError) as error:
            # DRF puts the decoded position into the query as it came.
            if not request.query_params.get(self.cursor_query_param):
                raise
            raise exceptions.NotFound(self.invalid_cursor_message) from error
