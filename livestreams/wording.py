"""How lines of the market read: one sentence a kind, filled in by the server for pages and by the browser for
events, so that each reader has them in their own language."""

import re

from django.utils.translation import gettext as _

from common.money import yuan_text
from livestreams.statuses import MessageKind

_PLACE = re.compile(r"\{(\w+)\}")


def line_words() -> dict[str, str]:
    """Return the sentences by name, in the current language; {names} are filled in from a line's params."""
    return {
        "sale": _("{buyer} bought {title} × {quantity}"),
        "sale_many": _("{people} people bought {title}, {quantity} in all"),
        "deal_started": _("Flash deal: {title}, ¥{price}, only {quantity}"),
        "deal_sold_out": _("Sold out: {title}"),
        "deal_ended": _("The flash deal is over: {title}"),
        "gift_given": _("{giver} gives {name} × {quantity}"),
        "notice_slow": _("Slow chat: one line every {seconds} s each"),
        "notice_slow_off": _("The chat is back to its usual pace"),
    }


def sentence_name(kind: str, params: dict) -> str:
    """Return which sentence a line of the market takes."""
    if kind == MessageKind.SALE:
        return "sale_many" if params.get("people", 1) > 1 else "sale"
    return f"{kind}_{params.get('event', '')}"


def line_text(kind: str, params: dict) -> str:
    """Return a line of the market in the current language, "" for one that has no sentence."""
    sentence = line_words().get(sentence_name(kind, params), "")
    values = {name: str(value) for name, value in params.items() if isinstance(value, str | int)}
    if "price_fen" in params:
        values["price"] = yuan_text(params["price_fen"])
    return _PLACE.sub(lambda place: values.get(place[1], ""), sentence)
