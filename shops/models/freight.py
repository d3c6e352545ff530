"""Freight templates: what sending costs, by region and by weight or piece."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from shops.freight import Terms, Zone
from shops.models.people import Shop
from shops.statuses import FreightMeasure

FREIGHT_MAX_FEN = 10_000_000


class FreightTemplateQuerySet(models.QuerySet):
    """Scopes of freight templates."""

    def for_member(self, user):
        """Return templates of the person's shops."""
        return self.filter(shop__memberships__user=user).distinct()


class FreightTemplate(models.Model):
    """A shop's terms of sending; the shop's default holds for products that name none. Money is fen."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="freight_templates")
    name = models.CharField(_("name"), max_length=40)
    measure = models.CharField(_("counted by"), max_length=10, choices=FreightMeasure)
    free_above_fen = models.BigIntegerField(_("free from"), null=True, blank=True)
    cold_chain_fen = models.BigIntegerField(_("cold chain"), default=0)
    is_default = models.BooleanField(_("for all goods of the shop"), default=False)
    created_at = models.DateTimeField()

    objects = FreightTemplateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "name"], name="freight_template_name_once"),
            models.UniqueConstraint(
                fields=["shop"], name="freight_template_one_default", condition=models.Q(is_default=True)
            ),
            models.CheckConstraint(
                name="freight_template_sane",
                condition=models.Q(cold_chain_fen__gte=0, cold_chain_fen__lte=FREIGHT_MAX_FEN)
                & (models.Q(free_above_fen__isnull=True) | models.Q(free_above_fen__gt=0)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def terms(self) -> Terms:
        """The template as the arithmetic takes it."""
        return Terms(
            pk=self.pk,
            measure=self.measure,
            zones=tuple(zone.terms for zone in self.zones.all()),
            free_above_fen=self.free_above_fen,
            cold_chain_fen=self.cold_chain_fen,
        )


class FreightZone(models.Model):
    """The fee of some regions (province, prefecture or county codes of GB/T 2260); without codes: all others.

    `first_units` and `step_units` are grams or pieces, as the template counts.
    """

    template = models.ForeignKey(FreightTemplate, on_delete=models.CASCADE, related_name="zones")
    position = models.PositiveSmallIntegerField(default=0)
    region_codes = ArrayField(models.CharField(max_length=6), default=list, blank=True)
    is_deliverable = models.BooleanField(_("goods are sent there"), default=True)
    first_units = models.PositiveIntegerField(default=1)
    first_fen = models.BigIntegerField(default=0)
    step_units = models.PositiveIntegerField(default=1)
    step_fen = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["template"], name="freight_zone_one_rest", condition=models.Q(region_codes=[])
            ),
            models.CheckConstraint(
                name="freight_zone_sane",
                condition=models.Q(
                    first_units__gte=1,
                    step_units__gte=1,
                    first_fen__gte=0,
                    first_fen__lte=FREIGHT_MAX_FEN,
                    step_fen__gte=0,
                    step_fen__lte=FREIGHT_MAX_FEN,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template_id} {self.position}"

    @property
    def terms(self) -> Zone:
        """The zone as the arithmetic takes it."""
        return Zone(
            codes=tuple(self.region_codes),
            is_deliverable=self.is_deliverable,
            first_units=self.first_units,
            first_fen=self.first_fen,
            step_units=self.step_units,
            step_fen=self.step_fen,
        )
