"""A show on the air, and a folder of its own for what phones send."""

from datetime import timedelta
from pathlib import Path

import pytest

from common.clock import utc_now
from livestreams.models import LiveSession, Replay
from tests.factories.livestreams import add_to_rundown, make_pin, make_session
from tests.factories.shops import make_product
from tests.livestreams.films import end_show, hold_take


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


@pytest.fixture
def replay(session, item, market, zhuoma, tmp_path, drain_outbox) -> Replay:
    """A finished replay of ten seconds with chapters at 1 s (rice) and 6 s (honey)."""
    at = utc_now() - timedelta(minutes=1)
    hold_take(session, folder=tmp_path, at=at, seconds=10, first=0)
    honey = make_product(shop=market.shop, title="蜂蜜", price_fen=4200, stock=7)
    second = add_to_rundown(session=session, variant=honey.variants.get())
    for one, after in ((item, 1), (second, 6)):
        make_pin(item=one, at=at + timedelta(seconds=after), closed_at=at + timedelta(seconds=after + 3))
    end_show(session, actor=zhuoma)
    drain_outbox()
    return Replay.objects.get()


@pytest.fixture
def as_host(client, zhuoma):
    client.force_login(zhuoma)
    return client
