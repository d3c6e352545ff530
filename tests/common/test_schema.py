"""The OpenAPI schema is complete and says how calls are refused (api.md)."""

import json

import pytest
from django.core.management import call_command


@pytest.fixture(scope="module")
def schema(tmp_path_factory) -> dict:
    path = tmp_path_factory.mktemp("schema") / "schema.json"
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(path)
    )
    return json.loads(path.read_text())


def test_it_has_no_warnings_and_is_openapi_3_1(schema):
    assert schema["openapi"].startswith("3.1")


def test_every_operation_documents_its_refusals(schema):
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                answers = operation["responses"]
                assert {"400", "401", "403", "404", "429"} <= set(answers), (method, path)
                assert "Retry-After" in answers["429"]["headers"], (method, path)
                assert "application/json" in answers["404"]["content"], (method, path)


def test_the_contract_of_sign_in_and_profile_is_there(schema):
    contract = {
        "/api/v1/auth/token/": {"post"},
        "/api/v1/auth/code/": {"post"},
        "/api/v1/auth/code/verify/": {"post"},
        "/api/v1/auth/logout/": {"post"},
        "/api/v1/me/": {"get", "patch"},
        "/api/v1/me/addresses/": {"get", "post"},
        "/api/v1/me/addresses/{id}/": {"get", "patch", "delete"},
        "/api/v1/notifications/": {"get"},
        "/api/v1/notifications/read/": {"post"},
    }
    for path, methods in contract.items():
        assert methods <= set(schema["paths"].get(path, {})), path


def test_the_bearer_token_is_described(schema):
    assert schema["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}
