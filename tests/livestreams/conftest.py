"""A show on the air, and a folder of its own for what phones send."""

from pathlib import Path

import pytest

from livestreams.models import LiveSession
from tests.factories.livestreams import add_to_rundown, make_session


@pytest.fixture(autouse=True)
def var_folder(settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path / "var"
    settings.LIVE_LEAST_FREE_BYTES = 1
    return settings.VAR_DIR


@pytest.fixture
def session(market, valkey) -> LiveSession:
    return make_session(host=market.host, shop=market.shop)


@pytest.fixture
def item(session, market):
    return add_to_rundown(session=session, variant=market.variant, live_price_fen=5800)
