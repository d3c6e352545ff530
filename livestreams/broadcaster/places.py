"""How many takes may be re-encoded at once: a machine has so much CPU, and each take its share of it."""

from dataclasses import dataclass, field

from django.conf import settings

from livestreams.services.playlists import LOW, MID

TRANSCODED = "transcoded"


def _limits() -> dict[str, int]:
    return {
        TRANSCODED: settings.TRANSCODED_STREAMS_MAX,
        LOW: settings.RENDITION_STREAMS_MAX,
        MID: settings.RENDITION_MID_STREAMS_MAX,
    }


@dataclass
class Places:
    """Which takes hold a place, by what is done for them; shared by all takes of a broadcaster."""

    held: dict[str, set[int]] = field(default_factory=lambda: {kind: set() for kind in _limits()})

    def take(self, kind: str, take_id: int) -> bool:
        """Take a place, or say that none is free. A take that has one keeps it."""
        holders = self.held[kind]
        if take_id not in holders and len(holders) >= _limits()[kind]:
            return False
        holders.add(take_id)
        return True

    def keep(self, kind: str, take_id: int) -> None:
        """Give a place to a take that had one before this process: what was begun is gone on with."""
        self.held[kind].add(take_id)

    def leave(self, take_id: int, *kinds: str) -> None:
        """Give places back; all of them without kinds."""
        for kind in kinds or tuple(self.held):
            self.held[kind].discard(take_id)
