"""PR1 (and F1, F5): thousands want a hundred units while every part of the market is killed under them.

The moments come from a seed that is printed; CHAOS_SEED repeats it.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.races.chaos.arena import ROOT, WEB, Arena, Sampler

UNITS, IN_DEAL = 100, 60
BUYERS = 5000
# Killed while there still is something to sell, at this many units taken; and later, at this many answers.
VICTIMS = [*WEB, "pages1", "doors1", "worker", "worker", "valkey", "valkey", "postgres", "postgres"]
PATIENCE_SECONDS = 300


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="market-chaos-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


class Buyers:
    """The crowd in a process of its own, and how far it is."""

    def __init__(self, arena: Arena, number: int, seed: int):
        wishes, ports = arena.folder / "wishes.json", arena.folder / "ports.json"
        arena.run("tests.races.chaos.scene", "build", str(number), str(wishes))
        addresses = {"pages": [], "doors": [], "sandbox": arena.sandbox.port}
        for name, port in arena.ports.items():
            addresses[name[:-1]].append(port)
        ports.write_text(json.dumps(addresses))
        self.command = [sys.executable, "-m", "tests.races.chaos.buyers", str(wishes), str(ports), str(seed)]
        self.answered = 0
        self.result: dict | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            said = json.loads(line)
            self.answered = said.get("answered", self.answered)
            if "told" in said:
                self.result = said

    def wait(self) -> dict:
        assert self.process.wait(PATIENCE_SECONDS) == 0
        self.listener.join(30)
        return self.result


def plan_of(chance: random.Random) -> list[tuple[str, float, str, float]]:
    """(what is counted, how many, who is killed then, how long it stays dead), in the order of the run."""
    victims = VICTIMS.copy()
    chance.shuffle(victims)
    half = len(victims) // 2
    early = sorted(chance.randrange(2, UNITS - 5) for _ in victims[:half])
    late = sorted(chance.randrange(200, BUYERS - 500) for _ in victims[half:])
    moments = [("taken", n) for n in early] + [("answered", n) for n in late]
    return [
        (*moment, victim, round(chance.uniform(0.1, 1.5), 2))
        for moment, victim in zip(moments, victims, strict=True)
    ]


def wreck(arena: Arena, plan: list, sampler: Sampler, buyers: Buyers) -> list[str]:
    """Kill and start again by the plan; a moment that is already past is now."""
    done = []
    for counted, number, victim, dead_seconds in plan:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while (sampler.taken if counted == "taken" else buyers.answered) < number:
            assert time.monotonic() < give_up, f"the sale stands still before {done}\n{arena.last_words()}"
            if buyers.process.poll() is not None:
                return done
            arena.restart_the_dead()
            time.sleep(0.01)
        arena.kill(victim)
        time.sleep(dead_seconds)  # how long it is away is part of the plan, nobody waits for anything
        arena.start(victim)
        done.append(victim)
    return done


def wait_until_quiet(arena: Arena) -> None:
    """What was committed is worked off: every purchase paid, every message of the outbox delivered."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    open_work = None
    while time.monotonic() < give_up:
        arena.restart_the_dead()
        open_work = arena.rows(
            "SELECT (SELECT count(*) FROM orders_order WHERE status <> 'paid'),"
            " (SELECT count(*) FROM common_outboxmessage WHERE done_at IS NULL AND quarantined_at IS NULL)"
        )[0]
        if open_work == (0, 0):
            return
        time.sleep(0.2)
    raise AssertionError(f"(unpaid, undelivered) stays at {open_work}\n{arena.last_words()}\n{arena.state()}")


def test_pr1_five_thousand_want_a_hundred_units_while_every_part_is_killed(folder):
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**9))
    plan = plan_of(random.Random(seed))
    print(f"\nCHAOS_SEED={seed}: {plan}")
    with Arena(folder) as arena:
        buyers = Buyers(arena, BUYERS, seed)
        arena.open()
        sampler = Sampler(arena.database)
        sampler.start()
        buyers.start()
        killed = wreck(arena, plan, sampler, buyers)
        result = buyers.wait()
        wait_until_quiet(arena)
        sampler.end()
        audit = json.loads(arena.run("tests.races.chaos.scene", "audit"))
        provider = arena.sandbox.counts()
    print(f"killed {killed}; {result}; {sampler.samples} samples; {audit}; {provider}")

    assert sorted(killed) == sorted(VICTIMS)
    assert sampler.samples > 100
    assert (sampler.most_taken, sampler.most_ordered, sampler.torn) == (UNITS, UNITS, [])
    assert result["told"] == {"placed": UNITS, "paid": UNITS, "sold_out": BUYERS - UNITS}
    assert result["different"] == []
    assert audit["variant"] == [0, 0, 0, UNITS]
    assert audit["deal"] == [0, 0, IN_DEAL]
    assert audit["discrepancies"] == []
    assert audit["orders"] == {"paid": UNITS}
    assert (audit["lines"], audit["buyers"], audit["keys"], audit["groups_of_keys"]) == (UNITS,) * 4
    assert audit["payments"] == {"succeeded": UNITS}
    assert (audit["ledger_fen"], audit["unbalanced"], audit["refunds"]) == (0, 0, 0)
    assert audit["quarantined"] == []
    assert provider["refunds"] == 0


def test_pr1_control_without_the_guard_the_same_market_sells_more_than_it_has(folder):
    applications = {
        "pages": "tests.races.chaos.unguarded:pages",
        "doors": "tests.races.chaos.unguarded:doors",
    }
    with Arena(folder, **applications) as arena:
        buyers = Buyers(arena, 600, seed=1)
        arena.open()
        sampler = Sampler(arena.database)
        # The database itself refuses what is impossible on paper: it is part of the guard.
        arena.change("ALTER TABLE shops_dealstock DROP CONSTRAINT deal_stock_within_quantity")
        sampler.start()
        buyers.start()
        result = buyers.wait()
        sampler.end()
    print(result, sampler.most_taken)

    assert result["told"]["placed"] > UNITS
    assert sampler.most_taken > UNITS
