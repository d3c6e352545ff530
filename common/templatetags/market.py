"""Formatting for templates: money, masked personal data, icons, bars. No query, no rule."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from common.masking import mask_name, mask_phone
from common.money import figure_text, money_text, yuan_text

register = template.Library()

_HEX_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_PARTS = {"farmer", "host", "platform", "freight", "refund"}


def _read(item: Any, name: str, default: Any = None) -> Any:
    """Return a key of a mapping or an attribute of an object."""
    if isinstance(item, Mapping):
        return item.get(name, default)
    return getattr(item, name, default)


@register.filter
def yuan(amount_fen: int | None) -> str:
    """Return fen as yuan text: 6800 -> "68.00"; nothing for None."""
    return "" if amount_fen is None or amount_fen == "" else figure_text(int(amount_fen))


@register.filter
def money(amount_fen: int | None) -> str:
    """Return fen with their sign: 6800 -> "¥68.00", -1250 -> "−¥12.50"; nothing for None."""
    return "" if amount_fen is None or amount_fen == "" else money_text(int(amount_fen))


@register.filter
def taken(amount_fen: int | None) -> int | None:
    """Return fen as what is taken off: 1250 -> -1250; a share that came back turns to plus. Show it on."""
    return amount_fen and -amount_fen


@register.filter(expects_localtime=True)
def moment(at: datetime | None) -> str:
    """Return a day and a time of about now, without the year: 11月27日 15:05, 27 Nov 15:05."""
    return f"{date_format(at, 'MONTH_DAY_FORMAT')} {date_format(at, 'H:i')}" if at else ""


@register.filter
def clock_time(seconds: float | None) -> str:
    """Return a length as a clock shows it: 65 -> "1:05", 3700 -> "1:01:40"."""
    whole = max(int(seconds or 0), 0)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


@register.filter
def masked_phone(phone: str | None) -> str:
    """Return a phone number with its middle hidden (rules.md PR9)."""
    return mask_phone(phone)


@register.filter
def masked_name(name: str | None) -> str:
    """Return a person's name with all but the first character hidden (rules.md PR9)."""
    return mask_name(name or "")


@register.filter
def hex_color(value: str | None) -> str:
    """Return the colour when it is a plain #rrggbb, else the butter of the palette."""
    return value if value and _HEX_COLOR.fullmatch(value) else "#f6e7c1"


@register.filter
def initial(name: str | None) -> str:
    """Return the first letter of a name for a round mark where there is no face."""
    return (name or "").strip()[:1].upper() or "·"


@register.filter
def same_site_path(referer: str | None, request: Any) -> str:
    """Return the path of the page one came from when it is ours, else the front page."""
    parts = urlsplit(referer or "")
    if request is None or parts.netloc != request.get_host() or not parts.path.startswith("/"):
        return "/"
    return "/" + parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """Return one icon of the sprite; without a label it is hidden from screen readers.

    size: "" (24 px), "xs", "s", "l"; "fill" fills the shape.
    """
    classes = " ".join(["icon", *(f"icon--{part}" for part in size.split())])
    sprite = static("img/icons.svg")
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            classes,
            label,
            sprite,
            name,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        sprite,
        name,
    )


@register.simple_tag
def stars(score: int) -> SafeString:
    """Return five stars, `score` of them filled, with the number in words."""
    shapes = format_html_join(
        "", "{}", ((icon("star", "s fill" if place <= score else "s"),) for place in range(1, 6))
    )
    words = _("%(score)s of 5 stars") % {"score": score}
    return format_html('<span class="stars" role="img" aria-label="{}">{}</span>', words, shapes)


@register.inclusion_tag("_price.html")
def price(
    amount_fen: int,
    *,
    size: str = "",
    tone: str = "",
    unit: str = "",
    was: int | None = None,
) -> dict[str, Any]:
    """Show an amount of fen: small ¥, yuan, smaller fen.

    size "s" or "l"; tone "plain" or "money" (pine); `unit` follows in small; `was` is a higher price, struck.
    """
    text = yuan_text(int(amount_fen or 0))
    whole, _, fraction = text.partition(".")
    return {
        "negative": whole.startswith("-"),
        "whole": whole.lstrip("-"),
        "fraction": fraction,
        "size": size,
        "tone": tone,
        "unit": unit,
        "was": yuan_text(int(was)) if was and was > (amount_fen or 0) else "",
    }


@register.inclusion_tag("_tab_link.html", takes_context=True)
def tab_link(
    context: template.Context,
    href: str,
    icon_name: str,
    label: str,
    *,
    under: str = "",
    exact: bool = False,
    count: int | None = None,
    count_key: str = "",
) -> dict[str, Any]:
    """Show one tab; it is current when the request's path lies at `href` or under a prefix in `under`."""
    request = context.get("request")
    path = request.path if request is not None else ""
    is_current = path == href if exact else path.startswith(href)
    is_current = is_current or any(path.startswith(prefix) for prefix in under.split())
    return {
        "href": href,
        "icon_name": icon_name,
        "label": label,
        "is_current": is_current,
        "count": count,
        "count_key": count_key,
    }


@register.inclusion_tag("_split_bar.html")
def split_bar(parts: Iterable[Any], label: str = "") -> dict[str, Any]:
    """Show how an amount divides: a bar and its legend.

    Each part has `label`, `amount_fen` and `kind` (farmer, host, platform, freight, refund, other).
    """
    rows = []
    for part in parts:
        kind = _read(part, "kind") or "other"
        rows.append(
            {
                "label": _read(part, "label"),
                "amount_fen": int(_read(part, "amount_fen") or 0),
                "kind": kind if kind in _PARTS else "other",
            }
        )
    total = sum(max(row["amount_fen"], 0) for row in rows)
    before = 0
    for row in rows:
        shown = max(row["amount_fen"], 0)
        row["x"] = f"{before * 100 / total:.3f}%" if total else "0%"
        row["width"] = f"{shown * 100 / total:.3f}%" if total else "0%"
        before += shown
    return {"rows": rows, "label": label}


@register.inclusion_tag("_bar_columns.html")
def bar_columns(columns: Iterable[Any], label: str = "") -> dict[str, Any]:
    """Show values as columns, tallest = 100 %.

    Each column has `label`, `value` (a number), optional `text` shown above it and `is_current`.
    """
    rows = [
        {
            "label": _read(column, "label"),
            "value": max(_read(column, "value") or 0, 0),
            "text": _read(column, "text") or "",
            "is_current": bool(_read(column, "is_current")),
        }
        for column in columns
    ]
    top = max((row["value"] for row in rows), default=0) or 1
    for row in rows:
        height = row["value"] * 100 / top
        row["height"] = f"{height:.2f}%"
        row["y"] = f"{100 - height:.2f}%"
    return {"rows": rows, "label": label}
