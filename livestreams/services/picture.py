"""What of a broadcast is published, as data that outlives the phone's chunks.

A private file of the media folder (the media door serves only its public part), replaced as a whole.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from livestreams import storage
from livestreams.services.playlists import Rendition, TakePicture


def load_picture(public_id: UUID) -> list[TakePicture]:
    """Return the takes with a published picture, in order; empty when nothing is published."""
    try:
        data = json.loads(storage.picture_path(public_id).read_text())
    except FileNotFoundError:
        return []
    return [
        TakePicture(
            number=take["number"],
            began_at=datetime.fromisoformat(take["began_at"]),
            renditions={name: Rendition(**one) for name, one in take["renditions"].items()},
        )
        for take in data["takes"]
    ]


def save_picture(public_id: UUID, takes: Sequence[TakePicture]) -> None:
    """Keep what is published; a reader sees the old or the new, also after a power cut."""
    data = {
        "takes": [
            {
                "number": take.number,
                "began_at": take.began_at.isoformat(),
                "renditions": {name: asdict(one) for name, one in take.renditions.items()},
            }
            for take in takes
        ]
    }
    storage.write_atomically(storage.picture_path(public_id), json.dumps(data).encode())
