"""What the demo's buyers say of goods that they have received, and what the shops answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from backoffice.demo.cast import Cast
from backoffice.demo.selling import SELLER
from backoffice.demo.steps import Answer, Steps
from orders.models import OrderLine
from orders.services.judging_reviews import reply_to_review
from orders.services.reviewing import write_review
from orders.statuses import OrderStatus


@dataclass(frozen=True)
class DemoReview:
    """One review: whose, of what, how many stars, in which words."""

    buyer: str
    product: str
    score: int
    text: str
    reply: str = ""


REVIEWS = (
    DemoReview(
        "arun",
        "apples",
        5,
        "糖心很足，切开一圈黄。两箱里碰坏了一个，不碍事。",
        "谢谢！下一箱我们多垫一层纸。",
    ),
    DemoReview("arun", "eggs", 4, "蛋黄颜色深，炒出来香。有一枚裂了。"),
    DemoReview("zoya", "barley-flour", 5, "做糌粑正好，磨得细，闻着就有青稞味。"),
    DemoReview(
        "zoya",
        "yak-butter",
        4,
        "味道很正，第一次打酥油茶就成了。路上有点化。",
        "天热的时候我们加冰袋寄，您放心。",
    ),
    DemoReview("zoya", "red-rice", 5, ""),
    DemoReview("arun", "wool-scarf", 5, "厚实，织得密，妈妈戴上就不肯摘了。"),
    DemoReview(
        "zoya",
        "morel",
        3,
        "菌子是好的，就是比照片上小一些。",
        "这一批是头茬，个头小。下次直播我们把大小摆出来看。",
    ),
    DemoReview("arun", "honey", 5, "会结晶的真蜜，冲水有花香。"),
)


def review_what_came(steps: Steps) -> Iterator[str]:
    """Review received goods a few hours after they came; some are answered."""
    cast = Cast(steps)
    for one in REVIEWS:
        steps.once(f"review {one.buyer} {one.product}", lambda said=one: _review(cast, said))
    yield "reviews of what has arrived"


def _review(cast: Cast, said: DemoReview) -> Answer:
    buyer = cast.user(said.buyer)
    line = (
        OrderLine.objects.select_related("order")
        .filter(
            order__group__buyer=buyer,
            order__status=OrderStatus.COMPLETED,
            variant=cast.variant_id(said.product),
            review=None,
        )
        .earliest("pk")
    )
    at = line.order.completed_at + timedelta(hours=2)
    review = write_review(
        buyer=buyer, number=line.order.number, line_id=line.pk, score=said.score, text=said.text, now=at
    )
    if said.reply:
        reply_to_review(
            actor=cast.user(SELLER), review_id=review.pk, text=said.reply, now=at + timedelta(hours=5)
        )
    return {"review": review.pk}
