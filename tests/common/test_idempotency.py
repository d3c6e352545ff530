"""One effect per client key (rules.md 4, A8; decisions.md 17)."""

import threading
import uuid
from datetime import UTC, datetime

import pytest
from django.db import connections

from accounts.models import Contact
from common.errors import IdempotencyConflict, IdempotencyKeyMissing, InProgress, MoveRefused
from common.idempotency import parse_key, run_once
from common.models import IdempotencyKey

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEY = uuid.UUID("6f0f5c1e-8a3c-4f1c-9d8e-2f6f0d9a1b2c")


def effect() -> dict:
    return {"contact": Contact.objects.create(name="made").pk}


def call(
    *, actor: str = "user:1", operation: str = "orders.place", key: uuid.UUID = KEY, body=None, run=effect
):
    return run_once(actor=actor, operation=operation, key=key, body=body or {"a": 1}, now=NOW, run=run)


@pytest.mark.parametrize("text", [None, "", "abc", "6f0f5c1e", "\x00"])
def test_a_key_must_be_a_uuid(text):
    with pytest.raises(IdempotencyKeyMissing):
        parse_key(text)


@pytest.mark.django_db
def test_the_second_call_gets_the_first_answer_and_does_nothing():
    first, replayed_first = call()
    second, replayed_second = call()

    assert (replayed_first, replayed_second) == (False, True)
    assert first == second
    assert Contact.objects.count() == 1


@pytest.mark.django_db
def test_the_order_of_the_bodys_fields_does_not_matter():
    call(body={"a": 1, "b": [1, 2]})

    assert call(body={"b": [1, 2], "a": 1})[1] is True


@pytest.mark.django_db
def test_another_body_is_a_conflict_and_does_nothing():
    call()

    with pytest.raises(IdempotencyConflict):
        call(body={"a": 2})
    assert Contact.objects.count() == 1


@pytest.mark.django_db
def test_the_key_belongs_to_the_person_and_the_operation():
    call()

    assert call(actor="user:2")[1] is False
    assert call(operation="orders.pay")[1] is False
    assert Contact.objects.count() == 3


@pytest.mark.django_db
def test_a_refusal_stores_nothing_so_that_the_key_can_be_used_again():
    def refuse() -> dict:
        effect()
        raise MoveRefused()

    with pytest.raises(MoveRefused):
        call(run=refuse)
    assert Contact.objects.count() == IdempotencyKey.objects.count() == 0

    assert call()[1] is False


@pytest.mark.django_db(transaction=True)
def test_a8_twenty_calls_at_once_have_one_effect():
    start = threading.Barrier(20)
    results = []

    def run() -> None:
        try:
            start.wait()
            results.append(call()[1])
        except InProgress as refusal:
            results.append(refusal)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 20
    assert results.count(False) == 1
    assert all(result.retry_after == 1 for result in results if isinstance(result, InProgress))
    assert Contact.objects.count() == IdempotencyKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_call_while_the_first_still_runs_is_told_to_wait():
    inside, leave = threading.Event(), threading.Event()

    def slowly() -> dict:
        inside.set()
        leave.wait(10)
        return effect()

    def first() -> None:
        call(run=slowly)
        connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)

    with pytest.raises(InProgress) as refusal:
        call()
    leave.set()
    thread.join()

    assert refusal.value.status == 409
    assert call()[1] is True
    assert Contact.objects.count() == 1
