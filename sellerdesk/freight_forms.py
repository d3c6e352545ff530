"""What a member types about freight: a fee for most places, one for far ones, and where nothing goes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.regions import provinces
from common.money import yuan_text
from shops.forms import YuanField
from shops.freight import Zone
from shops.models import FreightTemplate
from shops.services.freight import UNITS_MAX, TemplateData
from shops.statuses import FreightMeasure

NUMBER_PAD = {"inputmode": "numeric", "autocomplete": "off"}


def _units(label) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=1,
        max_value=UNITS_MAX,
        required=False,
        widget=forms.TextInput(attrs=NUMBER_PAD),
    )


def _regions(label) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        required=False,
        choices=lambda: [(one.code, one.name) for one in provinces()],
        widget=forms.CheckboxSelectMultiple,
    )


class FreightForm(forms.Form):
    """A freight template; weights are typed in grams, fees in yuan."""

    name = forms.CharField(
        label=_("Name"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    measure = forms.ChoiceField(
        label=_("Counted by"), choices=FreightMeasure.choices, widget=forms.RadioSelect, initial="piece"
    )
    first_units = _units(_("First grams or pieces"))
    first = YuanField(label=_("cost"))
    step_units = _units(_("Each further grams or pieces"))
    step = YuanField(label=_("cost"), required=False)
    far = _regions(_("Far regions"))
    far_first = YuanField(label=_("There the first cost"), required=False)
    far_step = YuanField(label=_("There each further cost"), required=False)
    never = _regions(_("Not sent to"))
    free_above = YuanField(label=_("Free from this amount on"), least_fen=1, required=False)
    cold_chain = YuanField(label=_("Cold chain on top"), required=False)
    is_default = forms.BooleanField(label=_("For all goods of the shop"), required=False, initial=True)

    def clean(self) -> dict:
        """Ask for the fee of far regions when there are some."""
        cleaned = super().clean()
        if cleaned.get("far") and cleaned.get("far_first") is None:
            self.add_error("far_first", _("Say what it costs."))
        if set(cleaned.get("far") or ()) & set(cleaned.get("never") or ()):
            self.add_error("never", _("Name each region once."))
        return cleaned


def template_data(form: FreightForm) -> TemplateData:
    """Return a valid form as the service takes it."""
    cleaned = form.cleaned_data
    units = {"first_units": cleaned["first_units"] or 1, "step_units": cleaned["step_units"] or 1}
    zones = [Zone(first_fen=cleaned["first"], step_fen=cleaned["step"] or 0, **units)]
    if cleaned["far"]:
        far = {"first_fen": cleaned["far_first"], "step_fen": cleaned["far_step"] or 0}
        zones.append(Zone(codes=tuple(cleaned["far"]), **far, **units))
    if cleaned["never"]:
        zones.append(Zone(codes=tuple(cleaned["never"]), is_deliverable=False))
    return TemplateData(
        name=cleaned["name"],
        measure=cleaned["measure"],
        zones=zones,
        free_above_fen=cleaned["free_above"],
        cold_chain_fen=cleaned["cold_chain"] or 0,
        is_default=cleaned["is_default"],
    )


def initial_of(template: FreightTemplate) -> dict | None:
    """Return a template as it is typed; None for one that says more than the form can."""
    zones = template.terms.zones
    rest = [zone for zone in zones if not zone.codes and zone.is_deliverable]
    far = [zone for zone in zones if zone.codes and zone.is_deliverable]
    never = [zone for zone in zones if not zone.is_deliverable]
    codes = {code for zone in zones for code in zone.codes}
    if len(rest) != 1 or len(far) > 1 or len(never) > 1 or any(not zone.codes for zone in never):
        return None
    if codes - {one.code for one in provinces()}:
        return None
    if far and (far[0].first_units, far[0].step_units) != (rest[0].first_units, rest[0].step_units):
        return None
    return {
        "name": template.name,
        "measure": template.measure,
        "first_units": rest[0].first_units,
        "first": _yuan(rest[0].first_fen),
        "step_units": rest[0].step_units,
        "step": _yuan(rest[0].step_fen),
        "far": list(far[0].codes) if far else [],
        "far_first": _yuan(far[0].first_fen) if far else "",
        "far_step": _yuan(far[0].step_fen) if far else "",
        "never": list(never[0].codes) if never else [],
        "free_above": _yuan(template.free_above_fen) if template.free_above_fen else "",
        "cold_chain": _yuan(template.cold_chain_fen),
        "is_default": template.is_default,
    }


def _yuan(amount_fen: int) -> str:
    return yuan_text(amount_fen).replace(",", "")
