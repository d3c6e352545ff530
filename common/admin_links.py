"""Columns and links of admin pages: from a document to the rows that came of it, and back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from unfold.decorators import display

from common.admin_labels import LABELS, OWN_NAMES
from common.masking import mask_email, mask_name, mask_phone
from common.money import money_text

MASKS: dict[str, Callable[[str | None], str]] = {
    "phone": mask_phone,
    "email": mask_email,
    "recipient": mask_name,
    "holder": mask_name,
}


@dataclass(frozen=True)
class Link:
    """A way on from a row."""

    label: str
    url: str


def object_link(thing: models.Model | None, label: str = "") -> Link | None:
    """Return the admin page of a row, or None for no row."""
    if thing is None:
        return None
    meta = thing._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[thing.pk])
    noun = getattr(admin.site._registry.get(type(thing)), "noun", "") or meta.verbose_name
    return Link(label or f"{noun}: {thing}", url)


def list_link(model: str, label: str, **filters: str | int) -> Link:
    """Return the list of a model ("payments.payment"), filtered; `q` searches."""
    app_label, name = model.split(".")
    return Link(label, f"{reverse(f'admin:{app_label}_{name}_changelist')}?{urlencode(filters)}")


def source_link(source: str) -> Link | None:
    """Return the page of a document named in the book: "order_line:7" is row 7 of the model OrderLine."""
    kind, _sign, pk = source.partition(":")
    name = kind.replace("_", "")
    for model in admin.site._registry:
        if model._meta.model_name == name and pk.isdigit():
            try:
                url = reverse(f"admin:{model._meta.app_label}_{name}_change", args=[pk])
            except NoReverseMatch:
                return None
            return Link(source, url)
    return None


def anchor(link: Link | None, text: str = "") -> SafeString | str:
    """Return a link as HTML, or only its text."""
    if link is None:
        return text or "-"
    return format_html(
        '<a class="text-primary-700 dark:text-primary-400" href="{}">{}</a>', link.url, text or link.label
    )


def label_of(model: type[models.Model], name: str) -> Any:
    """Return what a column is called; a row that it points to is called as in its own admin."""
    field = model._meta.get_field(name)
    if name in LABELS:
        return LABELS[name]
    if field.is_relation and field.related_model in admin.site._registry and name not in OWN_NAMES:
        return getattr(admin.site._registry[field.related_model], "noun", "") or field.verbose_name
    return str(field.verbose_name).removesuffix(" fen")


def named_filters(found: ChangeList) -> ChangeList:
    """Give the filters of a list the names of their columns."""
    for each in found.filter_specs:
        if field := getattr(each, "field", None):
            each.title = label_of(field.model, field.name)
    return found


@cache
def shown(model: type[models.Model], name: str) -> Callable[[models.Model], Any]:
    """Return a read-only column: rows are linked, fen become yuan, instants are in the village's time."""
    field = model._meta.get_field(name)

    def column(thing: models.Model) -> Any:
        if field.choices:
            return getattr(thing, f"get_{name}_display")()
        value = getattr(thing, name)
        if value is None or value == "":
            return "-"
        if isinstance(value, models.Model):
            return anchor(object_link(value), str(value)) if type(value) in admin.site._registry else value
        if isinstance(value, datetime):
            return localize(localtime(value))
        if name.endswith("_fen"):
            return money_text(value)
        return value

    def flag(thing: models.Model) -> bool:
        return getattr(thing, name)

    is_boolean = isinstance(field, models.BooleanField)
    found = flag if is_boolean else column
    found.__name__ = f"shown_{name}"
    found.is_link = field.is_relation
    return display(description=label_of(model, name), ordering=name, boolean=is_boolean or None)(found)


def own_columns(model: type[models.Model], columns: Iterable[Any]) -> list[Any]:
    """Return columns of a table under their own names; what is no column of it stays as it is."""
    names = {field.name for field in model._meta.concrete_fields}
    return [shown(model, each) if isinstance(each, str) and each in names else each for each in columns]


@cache
def masked(model: type[models.Model], name: str) -> Callable[[models.Model], str]:
    """Return a column that hides a personal value."""
    mask = MASKS.get(name, lambda value: "••••" if value else "")

    def column(thing: models.Model) -> str:
        return mask(getattr(thing, name)) or "-"

    column.__name__ = f"masked_{name}"
    return display(description=label_of(model, name))(column)


def yuan(name: str, description: Any) -> Callable[[models.Model], str]:
    """Return a column that shows fen as yuan and sorts by them."""

    def column(thing: models.Model) -> str:
        amount_fen = getattr(thing, name)
        return "-" if amount_fen is None else money_text(amount_fen)

    column.__name__ = f"yuan_{name}"
    return display(description=description, ordering=name)(column)


def related(attribute: str, description: Any) -> Callable[[models.Model], SafeString | str]:
    """Return a column that links to a related row; dots walk on ("group.buyer")."""

    def column(thing: models.Model) -> SafeString | str:
        for step in attribute.split("."):
            thing = getattr(thing, step, None)
            if thing is None:
                return "-"
        return anchor(object_link(thing), str(thing))

    column.__name__ = f"link_{attribute.replace('.', '_')}"
    column.is_link = True
    return display(description=description)(column)


def source_column(name: str, description: Any) -> Callable[[models.Model], SafeString | str]:
    """Return a column that links a named document."""

    def column(thing: models.Model) -> SafeString | str:
        text = getattr(thing, name)
        return anchor(source_link(text), text)

    column.__name__ = f"source_{name}"
    column.is_link = True
    return display(description=description)(column)


def state(
    colors: dict[str, str], name: str = "status", description: Any = ""
) -> Callable[[models.Model], tuple]:
    """Return a coloured state; colors map a value to success, warning, danger or info."""

    def column(thing: models.Model) -> tuple[str, str]:
        return getattr(thing, name), getattr(thing, f"get_{name}_display")()

    column.__name__ = f"state_{name}"
    return display(description=LABELS.get(name, name), ordering=name, label=colors)(column)
