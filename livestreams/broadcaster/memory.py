"""What a broadcaster must know of a take to go on after its death: a file beside the chunks."""

import base64
import json
from dataclasses import asdict, dataclass, field

from livestreams import storage
from livestreams.broadcaster.commands import OFFSET_SECONDS, SOUND_FRAME, SOUND_RATE, Joint
from livestreams.broadcaster.containers import Mark, Scanner
from livestreams.broadcaster.renditions import Measured

# What a decoder of sound and a muxer need before the joint.
LEAD_MS = SOUND_FRAME * 40 * 1000 // SOUND_RATE
# A copied segment begins with a keyframe of the recording; a re-encoded one may lie so far behind one.
KEYFRAME_LEAD_MS = 12_000


@dataclass
class Anchor:
    """The newest segment that is out: when its picture is shown (ticks), where its sound begins (samples)."""

    shows: int
    timescale: int
    sound: int | None

    @property
    def seconds(self) -> float:
        """When it is shown, as published."""
        return self.shows / self.timescale


@dataclass
class Memory:
    """A take as far as it is published; `joint` is where its bytes can be read again."""

    measured: dict[str, Measured] = field(default_factory=dict)
    is_copy: bool = True
    is_finished: bool = False
    smaller: list[str] = field(default_factory=list)
    anchor: Anchor | None = None
    header: bytes = b""
    mark: Mark | None = None

    def move(self, anchor: Anchor, scanner: Scanner) -> None:
        """Note the newest segment, and the last place before it from which reading can begin."""
        self.anchor = anchor
        lead_ms = LEAD_MS if self.is_copy else KEYFRAME_LEAD_MS
        mark = scanner.mark_before((anchor.seconds - OFFSET_SECONDS) * 1000 - lead_ms)
        if mark is not None:
            self.header, self.mark = scanner.header, mark
        elif scanner.is_lost:
            self.header, self.mark = b"", None

    def joint(self) -> Joint | None:
        """Return where a run can go on; None when it has to begin at the beginning."""
        if self.anchor is None or self.mark is None:
            return None
        return Joint(self.header, self.mark, self.anchor.seconds, self.anchor.sound)

    def keep(self, take_id: int) -> None:
        """Write it down, also for after a power cut."""
        state = {
            "renditions": {name: asdict(one) for name, one in self.measured.items()},
            "is_copy": self.is_copy,
            "is_finished": self.is_finished,
            "smaller": self.smaller,
            "anchor": asdict(self.anchor) if self.anchor else None,
            "header": base64.b64encode(self.header).decode(),
            "mark": asdict(self.mark) if self.mark else None,
        }
        storage.write_atomically(storage.state_path(take_id), json.dumps(state).encode())

    @classmethod
    def load(cls, take_id: int) -> "Memory | None":
        """Return what was written down, None before anything was."""
        try:
            state = json.loads(storage.state_path(take_id).read_text())
        except FileNotFoundError:
            return None
        return cls(
            measured={name: Measured(**one) for name, one in state["renditions"].items()},
            is_copy=state["is_copy"],
            is_finished=state["is_finished"],
            smaller=state["smaller"],
            anchor=Anchor(**state["anchor"]) if state["anchor"] else None,
            header=base64.b64decode(state["header"]),
            mark=Mark(**state["mark"]) if state["mark"] else None,
        )
