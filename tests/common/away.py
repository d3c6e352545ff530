"""A market whose Valkey is away."""

from collections.abc import Iterator

import pytest

from common import limits


@pytest.fixture
def valkey_away(settings, tmp_path) -> Iterator[None]:
    """Point the cache at a socket where nobody listens (rules.md F2)."""
    away = dict(settings.CACHES["default"]) | {"LOCATION": f"unix://{tmp_path}/nobody.sock"}
    settings.CACHES = {"default": away}
    limits._own_counts.clear()
    yield
    limits._own_counts.clear()
