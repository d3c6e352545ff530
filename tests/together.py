"""Jobs that meet: threads that begin at the same instant, each with a database connection of its own."""

import threading
import time
from contextlib import contextmanager

from django.db import connection, connections, transaction


def run_together(*jobs):
    """Run the jobs in threads of their own; return what each returned or raised."""
    results = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def run(place, job):
        try:
            start.wait(10)
            results[place] = job()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, job)) for place, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@contextmanager
def held(work, *given):
    """Another session that has begun some work and does not end it; yields what undoes it."""
    begun, over, faults = threading.Event(), threading.Event(), []

    def hold():
        try:
            with transaction.atomic():
                work(*given)
                begun.set()
                over.wait(60)
                transaction.set_rollback(True)
        except Exception as fault:
            faults.append(fault)
            begun.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(10)

    def undo():
        over.set()
        thread.join(30)

    try:
        assert not faults, faults
        yield undo
    finally:
        undo()


def those_who_wait(number: int) -> list[tuple[int, str]]:
    """Sessions (pid, what they run) that wait for a lock, as soon as there are so many of them."""
    until = time.monotonic() + 40
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid, query FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock' ORDER BY query_start"
            )
            found = cursor.fetchall()
        if len(found) >= number:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{number} sessions should wait")
