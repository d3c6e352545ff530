"""What the pages of replays and clips show of goods: chapters with their place, picture and offer."""

from livestreams import storage
from livestreams.models import Clip, LiveSession
from livestreams.selectors.replays import goods_of_clip, replay_data
from livestreams.services.telling_room import playback_url


def clock(ms: int) -> str:
    """Return a place as people say it: 75000 -> "1:15", 3675000 -> "1:01:15"."""
    seconds = ms // 1000
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def replay_page(session: LiveSession) -> dict:
    """Return the replay of a show for its page: state, picture, chapters with a small picture of each."""
    if getattr(session, "replay", None) is None:
        return {"status": "none", "playback_url": None, "duration_ms": None, "chapters": []}
    data = replay_data(session, is_mine=False, playback_url=playback_url(session))
    chapters = [
        chapter
        | {
            "seconds": chapter["starts_ms"] // 1000,
            "clock": clock(chapter["starts_ms"]),
            "thumb": _thumb(data, chapter["starts_ms"]),
        }
        for chapter in data["chapters"]
    ]
    return data | {"chapters": chapters}


def _thumb(data: dict, at_ms: int) -> dict | None:
    """Return which part of the sheet of small pictures shows a place."""
    sprite = data["sprite"]
    if not sprite:
        return None
    number = (at_ms - sprite["starts_ms"] + sprite["interval_ms"] // 2) // sprite["interval_ms"]
    number = min(max(number, 0), sprite["count"] - 1)
    x, y = number % sprite["columns"] * sprite["width"], number // sprite["columns"] * sprite["height"]
    return {
        "src": data["sprite_url"],
        "box": f"{x} {y} {sprite['width']} {sprite['height']}",
        "width": sprite["columns"] * sprite["width"],
        "height": sprite["rows"] * sprite["height"],
    }


def clip_page(clip: Clip) -> dict:
    """Return a clip for its page: the video and what it shows, as it can be had today."""
    return {
        "title": clip.title,
        "status": clip.status,
        "video": storage.media_url(clip.video_path) if clip.video_path else "",
        "poster": storage.media_url(clip.poster_path) if clip.poster_path else "",
        "goods": goods_of_clip(clip),
        "seconds": (clip.starts_ms - clip.replay.trim_start_ms) // 1000,
    }
