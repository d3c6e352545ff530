"""Operators read their own words on every page: no column shows the name it has in the code."""

from django.contrib import admin
from django.utils.functional import Promise

from common.admin_labels import LABELS


def test_every_column_that_operators_see_has_words():
    nameless = set()
    for model, page in admin.site._registry.items():
        hidden = {"id", "password", *getattr(page, "hidden_fields", ())}
        for field in model._meta.fields:
            # A row that a column points to is called as in its own admin.
            has_noun = field.is_relation and field.related_model in admin.site._registry
            is_named = field.name in LABELS or has_noun or isinstance(field.verbose_name, Promise)
            if field.name not in hidden and not is_named:
                nameless.add(f"{model._meta.label}.{field.name}")

    assert nameless == set()
