"""Attribution is the server's: sources are signed and bound (decisions.md 12)."""

import pytest

from livestreams.errors import BadSource
from livestreams.models import LiveSession
from livestreams.sources import make_source, read_source
from livestreams.statuses import SessionStatus
from tests.factories.livestreams import make_pin

pytestmark = pytest.mark.django_db


@pytest.fixture
def pin(item):
    return make_pin(item=item)


def token(pin, **changes) -> str:
    values = {
        "kind": "pin",
        "session_id": pin.session_id,
        "pin_event_id": pin.pk,
        "variant_id": pin.rundown_item.variant_id,
    }
    return make_source(**(values | changes))


def test_source_of_a_pin(pin, session, market):
    source = read_source(token(pin), variant_id=market.variant.pk)

    assert (source.session, source.host, source.pin_event) == (session, market.host, pin)
    assert source.live_price_fen == 5800


def test_live_price_ends_with_the_show(pin, session, market):
    LiveSession.objects.update(status=SessionStatus.ENDED)

    assert read_source(token(pin), variant_id=market.variant.pk).live_price_fen is None


@pytest.mark.parametrize("forge", ["text", "cut", "other variant", "other session", "no such pin", "expired"])
def test_forged_sources(pin, market, settings, forge):
    good = token(pin)
    forged = {
        "text": "pin:1",
        "cut": good[:-2],
        "other variant": good,
        "other session": token(pin, session_id=pin.session_id + 1),
        "no such pin": token(pin, pin_event_id=pin.pk + 1),
        "expired": good,
    }[forge]
    variant_id = market.variant.pk + (forge == "other variant")
    if forge == "expired":
        settings.ATTRIBUTION_HOURS = -1

    with pytest.raises(BadSource) as refused:
        read_source(forged, variant_id=variant_id)

    assert (refused.value.status, refused.value.code) == (400, "bad_source")
