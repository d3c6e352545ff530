"""A piece of a show as a file of its own, exact to the frame."""

from pathlib import Path

from livestreams.montage.running import MP4, run

LARGEST_SIDE = 1280
PEAK_BPS = 2_500_000
SECONDS = 300


def cut(*, master: Path, starts_ms: int, ends_ms: int, target: Path) -> None:
    """Write the piece of the master to `target`, ready to be played while it loads. Raises MontageError."""
    side = f"'min(iw,{LARGEST_SIDE})':'min(ih,{LARGEST_SIDE})'"
    start, length = (f"{ms / 1000:.3f}" for ms in (starts_ms, ends_ms - starts_ms))
    arguments = [
        "-ss", start, *MP4, "-i", str(master), "-t", length,
        "-map", "0:v:0", "-map", "0:a:0?", "-map_metadata", "-1", "-map_chapters", "-1",
        "-vf", f"scale={side}:force_original_aspect_ratio=decrease:force_divisible_by=2",
        "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-pix_fmt", "yuv420p",
        "-threads", "2", "-crf", "24", "-maxrate", str(PEAK_BPS), "-bufsize", str(2 * PEAK_BPS),
        "-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart", "-f", "mp4", str(target),
    ]  # fmt: skip
    most = (ends_ms - starts_ms) * PEAK_BPS // 4000 + 16 * 1024**2
    run(arguments, seconds=SECONDS, file_bytes=most)
