"""A sample show for the demo's replay: the host's place and her goods in slow motion, with a quiet tune."""

import math
import random
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

from backoffice.demo.paint import Size
from backoffice.demo.pictures import cover, landscape, product_picture

FRAME: Size = (540, 960)
RATE = 24
SOUND_RATE = 44_100
SCALE = (261.63, 293.66, 329.63, 392.0, 440.0, 523.25)  # the five-tone scale, in Hz


class FilmError(RuntimeError):
    """ffmpeg could not make the film; the text says why."""


def _upright(picture: Image.Image) -> Image.Image:
    """Return a square picture in an upright frame: itself, before its own blurred enlargement."""
    width, height = int(FRAME[0] * 1.3), int(FRAME[1] * 1.3)
    ground = picture.resize((height // 16, height // 16)).resize((height, height), Image.Resampling.BICUBIC)
    left = (height - width) // 2
    ground = ground.crop((left, 0, left + width, height))
    ground = Image.blend(ground, Image.new("RGB", ground.size, (24, 16, 8)), 0.35)
    front = picture.resize((width, width), Image.Resampling.LANCZOS)
    ground.paste(front, (0, (height - width) // 2))
    return ground


def scenes(host: str, goods: Sequence[str]) -> list[Image.Image]:
    """Return the film's still pictures: the place, the host with the first goods, then each of the goods."""
    large = (int(FRAME[0] * 1.3), int(FRAME[1] * 1.3))
    stills = [landscape("yunling", large), cover(host, goods[0], large)]
    return stills + [_upright(product_picture(key, (800, 800))) for key in goods]


def frames(stills: Sequence[Image.Image], seconds: float) -> Iterator[Image.Image]:
    """Yield the frames: each still drifts slowly and melts into the next."""
    total = int(seconds * RATE)
    share = total / len(stills)
    melt = int(RATE * 0.6)
    for number in range(total):
        at = min(int(number / share), len(stills) - 1)
        inside = number - at * share
        frame = _drift(stills[at], inside / share, at)
        left = share - inside
        if left < melt and at + 1 < len(stills):
            frame = Image.blend(_drift(stills[at + 1], 0.0, at + 1), frame, left / melt)
        yield frame


def _drift(still: Image.Image, progress: float, number: int) -> Image.Image:
    """Return a window into a still that moves a little with progress 0..1."""
    zoom = 1.0 - 0.12 * (progress if number % 2 == 0 else 1 - progress)
    width, height = still.width * zoom, still.height * zoom
    x = (still.width - width) * (0.5 + 0.5 * math.sin(number + progress))
    y = (still.height - height) * 0.5
    box = (x, y, x + width, y + height)
    return still.resize(FRAME, Image.Resampling.BILINEAR, box=box, reducing_gap=None)


def tune(seconds: float, seed: str = "tune") -> bytes:
    """Return mono 16-bit sound: plucked notes of the five-tone scale, fading in and out."""
    rolls = random.Random(seed)  # noqa: S311 - a tune must repeat; nothing secret is drawn
    total = int(seconds * SOUND_RATE)
    sound = [0.0] * total
    start = 0.0
    while start < seconds - 0.5:
        pitch = rolls.choice(SCALE)
        first, length = int(start * SOUND_RATE), min(int(1.1 * SOUND_RATE), total - int(start * SOUND_RATE))
        turn = 2 * math.pi * pitch / SOUND_RATE
        for i in range(length):
            fade = math.exp(-4.2 * i / SOUND_RATE)
            sound[first + i] += fade * (math.sin(turn * i) + 0.35 * math.sin(2 * turn * i))
        start += rolls.choice((0.4, 0.4, 0.8))
    edge = SOUND_RATE
    values = (
        int(max(-1.0, min(1.0, value * 0.22 * min(1.0, i / edge, (total - i) / edge))) * 32_000)
        for i, value in enumerate(sound)
    )
    return struct.pack(f"<{total}h", *values)


def make_film(
    target: Path,
    *,
    host: str = "zhuoma",
    goods: Sequence[str] = ("matsutake", "honey", "apples"),
    seconds: float = 20.0,
) -> Path:
    """Write an upright H.264/AAC mp4 (540x960, 24 frames a second, keyframe each second) and return its path.

    Raises FilmError when ffmpeg fails; a half-made file is not left behind.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.stem}.part.mp4")
    with tempfile.NamedTemporaryFile(suffix=".pcm") as sound:
        sound.write(tune(seconds))
        sound.flush()
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-loglevel",
            "error",
            "-y",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-s",
            f"{FRAME[0]}x{FRAME[1]}",
            "-r",
            str(RATE),
            "-i",
            "pipe:0",
            "-f",
            "s16le",
            "-ar",
            str(SOUND_RATE),
            "-ac",
            "1",
            "-i",
            sound.name,
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "25",
            "-pix_fmt",
            "yuv420p",
            "-g",
            str(RATE),
            "-c:a",
            "aac",
            "-b:a",
            "96k",
            "-movflags",
            "+faststart",
            "-shortest",
            str(part),
        ]
        with tempfile.TemporaryFile() as words:
            worker = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=words)
            try:
                for frame in frames(scenes(host, goods), seconds):
                    worker.stdin.write(frame.tobytes())
                worker.stdin.close()
            except BrokenPipeError:
                pass
            if worker.wait() != 0:
                words.seek(0)
                part.unlink(missing_ok=True)
                raise FilmError(words.read().decode(errors="replace").strip() or "ffmpeg stopped early")
    part.replace(target)
    return target
