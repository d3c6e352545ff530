"""What pages and the API may read of live sessions."""

from livestreams.selectors.chat import MESSAGES_PER_PAGE, message_data, recent_messages
from livestreams.selectors.goods import (
    addable_data,
    addable_variants,
    chapters_of,
    get_open_pin,
    item_data,
    open_pins,
    pin_data,
    rundown_of,
)
from livestreams.selectors.pictures import CARD_WIDTH, cover_choices, photo_src, poster_url
from livestreams.selectors.sessions import (
    desk_card,
    get_crew_session,
    get_presented_session,
    get_session_for,
    is_presenter,
    is_watchable,
    list_on_air,
    list_presented,
    list_replays,
    list_upcoming,
    sessions,
    visible_sessions,
)

__all__ = [
    "CARD_WIDTH",
    "MESSAGES_PER_PAGE",
    "addable_data",
    "addable_variants",
    "chapters_of",
    "cover_choices",
    "desk_card",
    "get_crew_session",
    "get_open_pin",
    "get_presented_session",
    "get_session_for",
    "is_presenter",
    "is_watchable",
    "item_data",
    "list_on_air",
    "list_presented",
    "list_replays",
    "list_upcoming",
    "message_data",
    "open_pins",
    "photo_src",
    "pin_data",
    "poster_url",
    "recent_messages",
    "rundown_of",
    "sessions",
    "visible_sessions",
]
