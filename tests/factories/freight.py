"""Freight templates as rows."""

from shops.models import FreightTemplate, FreightZone, Shop
from tests.factories.shops import NOW


def zone(*region_codes: str, **fields) -> dict:
    """Say what sending to these regions costs; none: everywhere else."""
    return {
        "region_codes": list(region_codes),
        "first_units": 1000,
        "first_fen": 1000,
        "step_units": 500,
        "step_fen": 300,
    } | fields


def make_freight(*, shop: Shop, zones: list[dict], name: str = "常温", **fields) -> FreightTemplate:
    """Make a template by weight."""
    values = {"measure": "weight", "created_at": NOW} | fields
    template = FreightTemplate.objects.create(shop=shop, name=name, **values)
    for position, one in enumerate(zones):
        FreightZone.objects.create(template=template, position=position, **one)
    return template
