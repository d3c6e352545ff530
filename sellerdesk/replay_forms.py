"""What a host types to cut a replay: places such as 1:05."""

import re

from django import forms
from django.utils.translation import gettext as _

PLACE = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,3}))?|(\d{1,6})(?:[.,](\d{1,3}))?")


def read_place(text: str) -> int | None:
    """Return a place in ms: "1:05", "0:01:05", "65" or "65.5"; None for anything else."""
    found = PLACE.fullmatch(text.strip().replace("：", ":"))
    if not found:
        return None
    hours, minutes, seconds, part, plain, plain_part = found.groups()
    whole = int(plain) if plain else int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole * 1000 + int(((part or plain_part) or "0").ljust(3, "0"))


def place_text(ms: int) -> str:
    """Return a place as `read_place` understands it, to the tenth of a second."""
    seconds, tenths = ms // 1000, ms % 1000 // 100
    clock = f"{seconds // 60}:{seconds % 60:02d}"
    return f"{clock}.{tenths}" if tenths else clock


class _PlaceField(forms.CharField):
    def __init__(self, **options):
        super().__init__(max_length=16, **options)

    def clean(self, value: str) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        place = read_place(text)
        if place is None:
            raise forms.ValidationError(_("Write a place such as 1:05."))
        return place


class PlacesForm(forms.Form):
    """Where something begins and ends; an empty end is the end of the show."""

    starts = _PlaceField()
    ends = _PlaceField(required=False)
