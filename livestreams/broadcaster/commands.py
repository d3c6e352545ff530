"""ffmpeg's argument lists: no network inputs, one demuxer, limits (rules.md 11).

Times go through unchanged (`-copyts`), a second later so that nothing lies before zero: a run that begins in
the middle of a take gives its segments the times that they have in the whole. A cut falls on every keyframe,
so that the cuts do not depend on where a run began either.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import imageio_ffmpeg

from livestreams import storage
from livestreams.broadcaster.containers import Mark
from livestreams.services.playlists import LOW, MID
from livestreams.services.receiving import container_of

LARGEST_PIXELS = str(4096 * 2304)
OFFSET_SECONDS = 1
SOUND_RATE, SOUND_FRAME = 48_000, 1024
# How long a segment's last picture lasts is a guess; where it was too long, the next keyframe is out some
# milliseconds late.
TRIM_SLACK_SECONDS = 0.012
# So much sound before the joint is thrown away with the segment that is out already.
LEAD_FRAMES = 24
# Two pictures of one moment, as recorders write them now and then, would upset the encoder.
RISING = "select='isnan(prev_selected_pts)+gt(pts,prev_selected_pts)',"
# Short side, highest rate of the picture, rate of the sound.
SMALL = {MID: (480, "800k", "64k"), LOW: (240, "260k", "48k")}


@dataclass(frozen=True)
class Joint:
    """Where a run goes on: the newest segment that is out begins at `shows_s` (as published, in seconds).

    `sound` is the place of its sound, in samples as published, None without sound.
    """

    header: bytes
    mark: Mark
    shows_s: float
    sound: int | None


def ffmpeg_program() -> str:
    """Return the path of ffmpeg; RuntimeError when there is none."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    # A path from the environment is handed on unseen.
    if shutil.which(program) is None:
        raise RuntimeError(f"{program} cannot be run")
    return program


def listing_name(rendition: str) -> str:
    """Return the file in which ffmpeg lists a rendition's segments; ours to read, never published."""
    return f"{rendition}.list.m3u8"


def input_arguments(mime: str) -> list[str]:
    """Return how a recording is read from stdin, and nothing else opened."""
    # Chrome calls it webm; with H.264 inside it is Matroska. Both go through one demuxer.
    demuxer = {"video/mp4": "mp4", "video/x-flv": "flv"}.get(container_of(mime), "matroska")
    return [
        "-hide_banner", "-loglevel", "warning", "-nostdin", "-y",
        "-protocol_whitelist", "pipe",
        "-analyzeduration", "1000000", "-probesize", "1000000", "-fflags", "+genpts",
        "-max_pixels", LARGEST_PIXELS, "-threads", "2",
        "-f", demuxer, "-i", "pipe:0",
    ]  # fmt: skip


def segment_command(
    *, mime: str, is_copy: bool, smaller: Sequence[str] = (), joint: Joint | None = None
) -> list[str]:
    """Return the command that cuts a take from stdin into fMP4 segments in the current folder.

    `smaller`: renditions of SMALL beside the source, cut at the same keyframes.
    """
    begins = RISING
    if joint is not None and not is_copy:
        begins += f"trim=start={joint.shows_s - OFFSET_SECONDS - TRIM_SLACK_SECONDS:.4f},"
    keyframes = "source" if is_copy else "expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+1))"
    source = ["-c:v", "copy"]
    if not is_copy:
        size = "'min(iw,1280)':'min(ih,1280)':force_original_aspect_ratio=decrease:force_divisible_by=2"
        source = [
            "-vf", f"{begins}scale={size}",
            *_picture(rate="1800k", keyframes=keyframes, quality="26", threads="2", level="4.0"),
        ]  # fmt: skip
    command = [
        ffmpeg_program(), "-filter_threads", "1", "-copyts", *input_arguments(mime),
        *_output(storage.SOURCE, source, sound="96k", joint=joint),
    ]  # fmt: skip
    for name in smaller:
        short, rate, sound = SMALL[name]
        size = f"w='if(gt(iw,ih),-2,min(iw,{short}))':h='if(gt(iw,ih),min(ih,{short}),-2)'"
        picture = ["-vf", f"{begins}scale={size}"]
        picture += _picture(rate=rate, keyframes=keyframes, quality="28", threads="1", level="3.1")
        command += _output(name, picture, sound=sound, joint=joint)
    return command


def _picture(*, rate: str, keyframes: str, quality: str, threads: str, level: str) -> list[str]:
    return [
        # Nothing is left to the guessed frame rate: each run must make the same kind of picture.
        "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency",
        "-profile:v", "main", "-level:v", level, "-x264-params", "fps=30",
        "-pix_fmt", "yuv420p", "-threads", threads, "-crf", quality, "-maxrate", rate, "-bufsize", rate,
        # Keyframes where we say and nowhere else; every picture keeps its own time.
        "-bf", "0", "-g", "9999", "-sc_threshold", "0", "-force_key_frames", keyframes,
        "-fps_mode", "passthrough", "-enc_time_base", "1:90000",
    ]  # fmt: skip


def _output(name: str, picture: list[str], *, sound: str, joint: Joint | None) -> list[str]:
    filters = f"aresample={SOUND_RATE}:async=1000"
    if joint is not None and joint.sound is not None:
        # AAC frames that begin where those of the whole take would.
        first = joint.sound - OFFSET_SECONDS * SOUND_RATE - LEAD_FRAMES * SOUND_FRAME
        filters += f",atrim=start_pts={first}"
    segments = storage.segment_name(0, name).replace("000000", "%06d")
    return [
        "-map", "0:v:0", "-map", "0:a:0?", "-dn", "-sn", "-map_metadata", "-1", *picture,
        "-c:a", "aac", "-b:a", sound, "-ar", str(SOUND_RATE), "-ac", "2", "-af", filters,
        "-max_muxing_queue_size", "1024", "-output_ts_offset", str(OFFSET_SECONDS),
        "-f", "hls", "-hls_time", "0", "-hls_list_size", "0", "-hls_segment_type", "fmp4",
        "-hls_fmp4_init_filename", storage.init_name(name), "-hls_segment_filename", segments,
        "-hls_segment_options", "movflags=+frag_discont:use_editlist=0:avoid_negative_ts=disabled",
        "-hls_flags", "independent_segments+temp_file", listing_name(name),
    ]  # fmt: skip
