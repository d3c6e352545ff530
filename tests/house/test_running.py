"""The house stands: its addresses answer, its migrations are in step with its models."""

from io import StringIO

import pytest
from django.core.management import call_command


def test_healthz_answers_without_touching_anything(client):
    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_names_each_part(client, valkey):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"database": "ok", "valkey": "ok", "outbox": "ok"}


@pytest.mark.django_db
def test_migrations_are_in_step_with_models():
    words = StringIO()

    call_command("makemigrations", check=True, dry_run=True, stdout=words)

    assert words.getvalue().strip() == "No changes detected"


def test_unknown_api_path_has_the_error_shape(client):
    response = client.get("/api/v1/no-such-thing/")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_unknown_page_is_a_page_with_the_policy(client):
    response = client.get("/no-such-page/")

    assert response.status_code == 404
    assert response["Content-Security-Policy"]
