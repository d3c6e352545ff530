"""Operators read their own words on every page: no column shows the name it has in the code."""

from django.contrib import admin

from common.admin_labels import LABELS
from common.admin_links import label_of


def test_every_column_that_operators_see_has_words():
    nameless = set()
    for model, page in admin.site._registry.items():
        for field in model._meta.fields:
            is_known = field.name in {*LABELS, "id", "password", *getattr(page, "hidden_fields", ())}
            if not is_known and label_of(model, field.name) == field.verbose_name:
                nameless.add(f"{model._meta.label}.{field.name}")

    assert nameless == set()
