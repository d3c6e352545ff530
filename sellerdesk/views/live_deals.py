"""What the console offers for flash deals, and what their module says, in the host's language."""

from django.utils.translation import gettext as _


def deal_choices() -> dict[str, list[tuple[int, str]]]:
    """Return how long a deal may last and when it may begin, in seconds with words."""
    return {
        "deal_lengths": [
            (60, _("1 minute")),
            *((minutes * 60, _("%(n)s minutes") % {"n": minutes}) for minutes in (3, 5, 10, 30)),
        ],
        "deal_countdowns": [
            (0, _("at once")),
            *((seconds, _("in %(n)s seconds") % {"n": seconds}) for seconds in (10, 30, 60)),
        ],
    }


def deal_words() -> dict[str, str]:
    """Return the words of the deals' module."""
    return {
        "deal_begins": _("begins in"),
        "deal_ends": _("ends in"),
        "deal_over": _("This deal is over"),
        "deal_planned": _("Kept for later"),
        "deal_left": _("{count} of {total} left"),
        "deal_start": _("Start"),
        "deal_more": _("1 minute more"),
        "deal_stop": _("Stop"),
        "deal_drop": _("Take away"),
        "deal_sure": _("Really? Tap again"),
        "deal_usual": _("Usually {price}; {count} on the shelf."),
        "deal_floor": _("The farmer allows no less than {price}."),
        "deal_shares": _("Of each, the farmer gets {farmer}, the host {host}, the market {market}."),
    }
