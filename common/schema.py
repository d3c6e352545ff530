"""What every API operation may also answer, for the OpenAPI schema (api.md, "Errors, always")."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

IDEMPOTENCY_KEY = OpenApiParameter(
    name="Idempotency-Key",
    type=OpenApiTypes.UUID,
    location=OpenApiParameter.HEADER,
    required=True,
    description="Made by the client, one for each intention; the same key again gives the first answer.",
)

ERROR_SCHEMA = {
    "type": "object",
    "description": "Why the call was refused; nothing was changed.",
    "properties": {
        "code": {"type": "string", "description": "Stable, snake_case."},
        "message": {"type": "string", "description": "For a person, in the language of the request."},
        "fields": {
            "type": "object",
            "additionalProperties": {},
            "description": "Messages by the name of the field.",
        },
    },
    "required": ["code", "message"],
}

DESCRIPTIONS = {
    "400": "The input is wrong; `fields` says where.",
    "401": "Nobody is signed in, or the token is not valid.",
    "403": "The person's role does not permit this.",
    "404": "Not there, or not this person's.",
    "405": "This path does not know that method.",
    "406": "This API speaks JSON.",
    "409": "Refused by a rule of the market.",
    "413": "The body is too large.",
    "415": "The body has a type that this call does not read.",
    "429": "Too often; `Retry-After` says how many seconds to wait.",
}
WRITES = {"post", "put", "patch", "delete"}
METHODS = WRITES | {"get"}


class ErrorSerializer(serializers.Serializer):
    """The one error shape, for a view that documents an answer of its own."""

    code = serializers.CharField()
    message = serializers.CharField()
    fields = serializers.DictField(required=False)


def add_error_answers(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Give each operation the refusals it can answer (a drf-spectacular postprocessing hook)."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = ERROR_SCHEMA
    for path, operations in result.get("paths", {}).items():
        for method, operation in operations.items():
            if method in METHODS:
                answers = operation.setdefault("responses", {})
                for status in _statuses(path, method, operation):
                    answers.setdefault(status, _answer(status))
    return result


def _statuses(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    statuses = ["400", "401", "403", "404", "406", "429"]
    if method in WRITES:
        statuses.append("409")
    if "requestBody" in operation:
        statuses += ["413", "415"]
    return statuses


def _answer(status: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": DESCRIPTIONS[status],
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    if status == "429":
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
    return answer
