"""The buyer's words to each shop at the till; they stay while another coupon or address is chosen."""

from collections.abc import Iterable

from django.http import HttpRequest

from orders.services.placing import NOTE_MAX

KEPT = "checkout_notes"


def note_name(shop_id: int) -> str:
    """Return the name of the field for words to a shop."""
    return f"note-{shop_id}"


def notes_of(request: HttpRequest, shop_ids: Iterable[int]) -> dict[int, str]:
    """Return the words to these shops: as sent with the page, else as they were typed before."""
    kept = request.session.get(KEPT, {})
    return {
        shop_id: request.POST.get(note_name(shop_id), kept.get(str(shop_id), "")).strip()[:NOTE_MAX]
        for shop_id in shop_ids
    }


def keep_notes(request: HttpRequest, notes: dict[int, str]) -> None:
    """Keep what is typed for the next look at the till."""
    others = {pk: words for pk, words in request.session.get(KEPT, {}).items() if int(pk) not in notes}
    said = others | {str(shop_id): words for shop_id, words in notes.items() if words}
    if said != request.session.get(KEPT, {}):
        request.session[KEPT] = said


def forget_notes(request: HttpRequest, shop_ids: Iterable[int]) -> None:
    """Forget the words to these shops once they are sent."""
    keep_notes(request, dict.fromkeys(shop_ids, ""))
