"""One jar of honey from three households: deliveries that share a listing, and a buyer of them."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from backoffice.demo.cast import Cast
from backoffice.demo.selling import SELLER, Buying
from backoffice.demo.steps import Answer, Steps, key_of
from backoffice.demo.stocking import photograph
from backoffice.demo.studio import Studio
from shops.models import Category
from shops.services.listing import ListingData, VariantData, publish_product, save_product
from shops.services.pooling import Delivery, deliver_lot, publish_policy
from shops.statuses import AllocationRule

SHOP, PICTURE = "snowline", "product/honey"
# Who brought how many jars, of which grade, from where, how many days ago.
BROUGHT = (
    ("tashi", 30, "一级", "后山老蜂场", 9),
    ("dolma", 20, "一级", "青稞坝坡上", 8),
    ("norbu", 10, "二级", "河边柳树林", 6),
)


def pool_honey(steps: Steps, studio: Studio) -> Iterator[str]:
    """Let three farmers of the co-operative share one listing, and sell six jars of it."""
    cast, calendar = Cast(steps), steps.calendar

    def listed() -> Answer:
        return _listed(cast, studio, steps)

    def sold() -> None:
        buying = Buying(cast)
        for order in buying.buy(
            "pooled", buyer="zoya", goods=(("pooled-honey", 6),), at=calendar.ago(hours=20)
        ):
            buying.send(order, at=calendar.ago(hours=4))

    steps.once("product pooled-honey", listed, prepare=partial(studio.picture, PICTURE))
    steps.once("order pooled", sold)
    yield f"honey of {len(BROUGHT)} households in one listing"


def _listed(cast: Cast, studio: Studio, steps: Steps) -> Answer:
    owner, shop, at = cast.user(SELLER), cast.shop(SHOP), steps.calendar.ago(days=10)
    data = ListingData(
        title="合作社百花蜜",
        category=Category.objects.get(slug="honey-tea"),
        village=shop.village,
        description="三户人家的土蜂蜜，合在一起卖，每户卖多少算多少。扫罐上的码，看是谁家的。\n\n"
        "Honey of three households in one listing; each is paid for its own jars. Scan to see whose.",
        variants=[VariantData(name="500 克", price_fen=8800, stock=0, weight_g=500)],
    )
    product = save_product(actor=owner, shop=shop, data=data, now=at)
    photograph(studio, PICTURE, actor=owner, product=product, now=at)
    publish_product(actor=owner, product=product, now=at)
    variant = product.variants.get()
    publish_policy(actor=owner, variant=variant, rule=AllocationRule.PRO_RATA, now=at)
    for farmer, jars, grade, place, days in BROUGHT:
        came = steps.calendar.ago(days=days)
        deliver_lot(
            actor=owner,
            variant=variant,
            farmer=cast.farmer(farmer),
            delivery=Delivery(
                jars,
                weight_g=jars * 500,
                grade=grade,
                harvested_on=(came - timedelta(days=2)).date(),
                place=place,
            ),
            idempotency_key=key_of(f"honey of {farmer}"),
            now=came,
        )
    return {"product": product.pk, "variant": variant.pk}
