"""A shop's freight templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.regions import is_region
from common.audit import actor_of, record
from common.errors import Invalid, NotFound
from shops.freight import Zone
from shops.models import FreightTemplate, FreightZone, Shop
from shops.models.freight import FREIGHT_MAX_FEN
from shops.selectors import is_member, listings_without_weight
from shops.statuses import FreightMeasure

ZONES_MAX = 40
UNITS_MAX = 1_000_000


@dataclass(frozen=True)
class TemplateData:
    """A template as a member wants it; exactly one zone at most has no codes: all other regions."""

    name: str
    measure: str
    zones: Sequence[Zone]
    free_above_fen: int | None = None
    cold_chain_fen: int = 0
    is_default: bool = False


@transaction.atomic
def save_template(
    *, actor: User, shop: Shop, data: TemplateData, now: datetime, template: FreightTemplate | None = None
) -> FreightTemplate:
    """Write a new template or replace the terms of one; placed orders keep their freight.

    The default moves to it when asked for. NotFound for another's shop, Invalid with `fields`, also when
    goods on sale would have to be weighed first.
    """
    if not is_member(actor, shop) or (template is not None and template.shop_id != shop.pk):
        raise NotFound()
    _check(data)
    # One change of a shop's terms at a time: there is one default.
    Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    others = FreightTemplate.objects.filter(shop=shop).exclude(pk=template.pk if template else None)
    if others.filter(name=data.name.strip()).exists():
        raise Invalid(fields={"name": _("Another freight template has this name.")})
    if data.is_default:
        others.filter(is_default=True).update(is_default=False)
    template = template or FreightTemplate(shop=shop, created_at=now)
    template.name, template.measure = data.name.strip(), data.measure
    template.free_above_fen, template.cold_chain_fen = data.free_above_fen, data.cold_chain_fen
    template.is_default = data.is_default
    template.save()
    template.zones.all().delete()
    FreightZone.objects.bulk_create(
        FreightZone(
            template=template,
            position=position,
            region_codes=list(zone.codes),
            is_deliverable=zone.is_deliverable,
            first_units=zone.first_units,
            first_fen=zone.first_fen,
            step_units=zone.step_units,
            step_fen=zone.step_fen,
        )
        for position, zone in enumerate(data.zones)
    )
    unweighed = listings_without_weight(shop)[:3] if data.measure == FreightMeasure.WEIGHT else []
    if unweighed:
        titles = ", ".join(product.title for product in unweighed)
        raise Invalid(fields={"measure": _("First write down the weight of: %(goods)s.") % {"goods": titles}})
    record(
        actor=actor_of(actor),
        action="shops.freight_saved",
        target=f"freighttemplate:{template.pk}",
        after={"name": template.name, "zones": len(data.zones), "is_default": template.is_default},
        now=now,
    )
    return template


def _check(data: TemplateData) -> None:
    fields = {}
    if not data.name.strip() or len(data.name.strip()) > 40:
        fields["name"] = _("Give it a name.")
    if data.measure not in FreightMeasure.values:
        fields["measure"] = _("Choose by weight or by piece.")
    if data.free_above_fen is not None and not 0 < data.free_above_fen <= FREIGHT_MAX_FEN:
        fields["free_above_fen"] = _("This amount is not possible.")
    if not 0 <= data.cold_chain_fen <= FREIGHT_MAX_FEN:
        fields["cold_chain_fen"] = _("This amount is not possible.")
    codes = [code for zone in data.zones for code in zone.codes]
    if not 1 <= len(data.zones) <= ZONES_MAX or not any(zone.is_deliverable for zone in data.zones):
        fields["zones"] = _("Say what sending costs.")
    elif len(codes) != len(set(codes)) or sum(not zone.codes for zone in data.zones) > 1:
        fields["zones"] = _("Name each region once.")
    elif not all(is_region(code) for code in codes):
        fields["zones"] = _("There is no such region.")
    elif not all(_is_sane(zone) for zone in data.zones):
        fields["zones"] = _("This amount is not possible.")
    if fields:
        raise Invalid(fields=fields)


def _is_sane(zone: Zone) -> bool:
    units_fit = all(1 <= units <= UNITS_MAX for units in (zone.first_units, zone.step_units))
    return units_fit and all(0 <= fee <= FREIGHT_MAX_FEN for fee in (zone.first_fen, zone.step_fen))
