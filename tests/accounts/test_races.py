"""Sign-in codes under crowds: each promise holds when everybody comes at once."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections

from accounts import codes
from accounts.errors import WrongCode
from accounts.models import SignInCode, User
from accounts.services.signing_in import send_code, verify_code
from common.errors import TooMany

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PHONE = "13912345678"
CROWD = 12

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(work) -> list:
    """Run `work(number)` in CROWD threads that start together; return results and refusals."""
    start = threading.Barrier(CROWD)
    results = []

    def run(number: int) -> None:
        try:
            start.wait()
            results.append(work(number))
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_code_signs_in_once():
    sent = send_code(phone=PHONE, now=NOW, ip="")
    code = codes.code_for(phone=PHONE, salt=sent.salt)

    results = at_once(lambda number: verify_code(phone=PHONE, code=code, now=NOW))

    assert len([result for result in results if isinstance(result, User)]) == 1
    assert len([result for result in results if isinstance(result, WrongCode)]) == CROWD - 1
    assert User.objects.count() == 1


def test_a_crowd_of_guesses_is_five_guesses():
    sent = send_code(phone=PHONE, now=NOW, ip="")
    wrong = f"{(int(codes.code_for(phone=PHONE, salt=sent.salt)) + 1) % 10**6:06d}"

    results = at_once(lambda number: verify_code(phone=PHONE, code=wrong, now=NOW))

    assert all(isinstance(result, WrongCode) for result in results)
    assert SignInCode.objects.get().attempts == 5


def test_a_burst_of_requests_sends_one_sms():
    results = at_once(lambda number: send_code(phone=PHONE, now=NOW, ip=f"203.0.113.{number}"))

    assert len([result for result in results if isinstance(result, SignInCode)]) == 1
    assert len([result for result in results if isinstance(result, TooMany)]) == CROWD - 1
    assert SignInCode.objects.count() == 1


def test_a_burst_from_one_address_stops_at_twenty():
    for number in range(15):
        send_code(phone=f"139000001{number:02d}", now=NOW, ip="203.0.113.7")

    results = at_once(lambda number: send_code(phone=f"139000002{number:02d}", now=NOW, ip="203.0.113.7"))

    assert len([result for result in results if isinstance(result, SignInCode)]) == 5
    assert SignInCode.objects.count() == 20
