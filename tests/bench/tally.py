"""How long a closing takes, and how much memory, beside the plain aggregate of the same rows in SQL.

script/bench tally [LINES ...]     10000 100000 1000000 unless told otherwise; the goal holds for the last
"""

import os
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from django.db import connection
from django.db.models import Count, Sum

from common.clock import utc_now
from payouts.models import PayoutStatement, StatementLine
from payouts.services.closing import close_period
from payouts.services.opening import open_period_for
from payouts.services.telling import tell_period
from tests.bench.deal_market import INSIDE, run_inside
from tests.bench.printing import Figure, print_figures
from tests.bench.tally_market import Season

FARMERS = 1_000
LATE_LINES = 1_000
GOAL_LINES = 1_000_000
# What a tally cannot do without: every payable row of the period, joined with its sale, summed by payee.
LIMIT = """
SELECT a.owner_kind, a.owner_id, sum(-e.amount_fen), sum(l.total_fen), count(*)
FROM ledger_ledgertransaction t
JOIN ledger_ledgerentry e ON e.transaction_id = t.id
JOIN ledger_ledgeraccount a ON a.id = e.account_id AND a.owner_kind <> 'system'
LEFT JOIN orders_orderline l ON e.source = 'order_line:' || l.id
WHERE t.posted_at < %s
GROUP BY 1, 2
"""


def main(arguments: list[str]) -> int:
    """Measure each number of lines on servers of its own; return how many goals were missed."""
    if not os.environ.get(INSIDE):
        sizes = arguments or ["10000", "100000", str(GOAL_LINES)]
        return sum(run_inside("tally", [size]) for size in sizes)
    return _measure(int(arguments[0]))


def _measure(lines: int) -> int:
    season = Season(farmers=FARMERS)
    now = utc_now()
    period = open_period_for(shop=season.shop, now=now)
    season.sell(count=lines, at=now)
    limit, _, _ = _timed(lambda: _aggregate(period.ends_at))
    closing, memory, backend = _timed(lambda: close_period(period=period, now=period.ends_at))
    telling, _, _ = _timed(lambda: tell_period(period_id=period.pk, now=period.ends_at))
    _verify(lines)
    again, _, _ = _timed(lambda: close_period(period=period, now=period.ends_at))
    following = open_period_for(shop=season.shop, now=period.ends_at)
    season.sell(count=LATE_LINES, at=period.ends_at)
    more, _, _ = _timed(lambda: close_period(period=following, now=following.ends_at))
    _verify(lines + LATE_LINES)
    empty = open_period_for(shop=season.shop, now=following.ends_at)
    nothing, _, _ = _timed(lambda: close_period(period=empty, now=empty.ends_at))
    is_goal = lines >= GOAL_LINES
    figures = [
        Figure("plain aggregate in SQL (limit)", limit, "s"),
        Figure("closing", closing, "s", 20 if is_goal else None),
        Figure("closing / limit", closing / limit, "×"),
        Figure("memory the closing process gained", memory, "MB", 32),
        Figure("peak memory the database sessions gained", backend, "MB", 512),
        Figure(f"telling {FARMERS} payees, by a worker", telling, "s"),
        Figure("run again after it was closed", again, "s", 1),
        Figure(f"next period, {LATE_LINES} lines for {FARMERS} farmers", more, "s", 1),
        Figure("the same for each statement", more / (FARMERS + 2) * 1000, "ms"),
        Figure("next period with nothing in it", nothing, "s", 1),
    ]
    return print_figures(f"tally: {lines:,} order lines, {FARMERS:,} farmers", figures)


def _aggregate(before) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '64MB'")
        cursor.execute(LIMIT, [before])
        cursor.fetchall()
        cursor.execute("RESET work_mem")


def _verify(lines: int) -> None:
    claimed = StatementLine.objects.aggregate(lines=Count("pk"), fen=Sum("amount_fen"))
    stated = PayoutStatement.objects.aggregate(fen=Sum("net_fen"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), -sum(e.amount_fen) FROM ledger_ledgerentry e JOIN ledger_ledgeraccount a"
            " ON a.id = e.account_id WHERE a.owner_kind <> 'system'"
        )
        count, fen = cursor.fetchone()
    if (claimed["lines"], claimed["fen"], stated["fen"]) != (count, fen, fen) or count < 2 * lines:
        raise RuntimeError(f"{lines} lines: {claimed} and {stated} are not {count} entries of {fen} fen")


def _timed(work: Callable) -> tuple[float, float, float]:
    """Return seconds, megabytes this process gained at its peak, and those of all database sessions."""
    server = _server()
    before, before_there, done, peak = _own_megabytes(), _sessions(server), Event(), [0.0]

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], _sessions(server) - before_there)

    watcher = Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    try:
        work()
    finally:
        taken = time.perf_counter() - began
        done.set()
        watcher.join()
    return taken, _own_megabytes() - before, peak[0]


def _server() -> int:
    """Return the process of the database server, whose children are the sessions and their helpers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return _status(cursor.fetchone()[0])["PPid"]


def _sessions(server: int) -> float:
    """Return what all processes of the server hold for themselves, without the buffers that they share."""
    found = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                status = _status(int(entry.name))
                found += status.get("RssAnon", 0) if status["PPid"] == server else 0
    return found / 1024


def _status(pid: int) -> dict[str, int]:
    """Return the parent of a process, and the kilobytes that it holds for itself."""
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {words[0][:-1]: int(words[1]) for words in lines if words[0] in ("PPid:", "RssAnon:")}


def _own_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
