"""The embedded servers come back after anything, and say clearly what is in their way."""

import os
from pathlib import Path

import pytest

from villagemarket import embedded


def test_leftover_lock_of_a_reused_pid_is_no_predecessor(tmp_path, place):
    postgres = embedded.Postgres(place)
    postgres.folder.mkdir(parents=True)
    (postgres.folder / "PG_VERSION").write_text("18")
    lock = postgres.folder / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n")

    postgres.prepare()

    assert not lock.exists()


def test_address_survives_spaces(tmp_path):
    var = tmp_path / "a b" / "var"

    database, redis_url = embedded.default_urls(var)

    assert " " not in database
    assert " " not in redis_url


def test_path_too_long_for_a_socket_gets_a_short_one(tmp_path):
    var = tmp_path / ("x" * 100) / "var"

    place = embedded.place_for(var)

    assert len(os.fsencode(place.sockets)) <= embedded.LONGEST_SOCKET_FOLDER
    assert place == embedded.place_for(var)
    assert place.sockets != embedded.place_for(tmp_path / ("y" * 100) / "var").sockets


def test_link_in_the_place_of_the_sockets_is_refused(tmp_path, place):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place.sockets.parent.mkdir(parents=True, exist_ok=True)
    place.sockets.symlink_to(elsewhere)

    with pytest.raises(embedded.EmbeddedError, match="belongs to another user"):
        place.make()


def test_full_disk_is_one_clear_line(place, monkeypatch):
    monkeypatch.setattr(embedded, "LEAST_FREE_BYTES", 2**60)

    with pytest.raises(embedded.EmbeddedError, match=r"^Only \d+ MB free for .*: free at least \d+ MB\.$"):
        place.make()


@pytest.fixture
def place(tmp_path: Path) -> embedded.Place:
    return embedded.Place(data=tmp_path / "var", sockets=tmp_path / "var" / "run", uid=None, gid=None)
