"""What sending the demo's heavy and cold goods costs; everything else goes at the market's flat fee."""

from collections.abc import Iterator

from backoffice.demo.cast import Cast
from backoffice.demo.selling import SELLER
from backoffice.demo.steps import Answer, Steps
from shops.freight import Zone
from shops.models import Product
from shops.services.freight import TemplateData, save_template
from shops.statuses import FreightMeasure

OVERSEAS = ("710000", "810000", "820000")  # Taiwan, Hong Kong, Macau
FAR = ("540000", "650000")  # Tibet, Xinjiang
HEAVY = ("potatoes", "chestnuts", "grapes")
MELTS = ("yak-butter", "yak-cheese")

PARCEL = TemplateData(
    name="按重量",
    measure=FreightMeasure.WEIGHT,
    zones=(
        Zone(first_units=1000, first_fen=800, step_units=1000, step_fen=200),
        Zone(codes=FAR, first_units=1000, first_fen=1500, step_units=1000, step_fen=600),
        Zone(codes=OVERSEAS, first_units=1000, first_fen=3800, step_units=1000, step_fen=1600),
    ),
    free_above_fen=19900,
)
COLD = TemplateData(
    name="冷链",
    measure=FreightMeasure.WEIGHT,
    zones=(
        Zone(first_units=1000, first_fen=1200, step_units=1000, step_fen=400),
        Zone(codes=(*FAR, *OVERSEAS), is_deliverable=False),
    ),
    cold_chain_fen=600,
)


def write_freight(steps: Steps) -> Iterator[str]:
    """Put the terms up after the first sales, which went at the market's flat fee."""
    steps.once("freight", lambda: _write(Cast(steps), steps))
    yield "what sending costs, by weight and region"


def _write(cast: Cast, steps: Steps) -> Answer:
    seller, shop, now = cast.user(SELLER), cast.shop("snowline"), steps.calendar.now
    for data, goods in ((PARCEL, HEAVY), (COLD, MELTS)):
        template = save_template(actor=seller, shop=shop, data=data, now=now)
        sent = [cast.variant_id(key) for key in goods]
        Product.objects.filter(variants__in=sent, shop=shop).update(freight_template=template)
    return {}
