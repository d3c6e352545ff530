"""Pictures are checked, drawn anew, and never half-made (rules.md 9, PR6; D2, D4, D5)."""

import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.uploads.pictures import draw, picture_bytes, png_header, with_gps
from uploads.errors import BrokenPicture, DiskFull, FileTooLarge, NotAPicture, PictureTooSmall, TooManyPixels
from uploads.services.pictures import check_picture, make_sizes
from uploads.services.storing import store_original


def written(folder: Path, data: bytes, name: str = "original.bin") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_picture_becomes_three_webp_widths(media_root, tmp_path):
    path = written(tmp_path, picture_bytes(draw(size=(1600, 1200))))

    picture = make_sizes(path, name="abcd")

    assert (picture.width, picture.height) == (1280, 960)
    assert list(picture.sizes) == ["360", "720", "1280"]
    for width, relative in picture.sizes.items():
        data = (media_root / "public" / relative).read_bytes()
        assert relative == f"photos/ab/abcd/{width}-{hashlib.sha256(data).hexdigest()[:16]}.webp"
        with Image.open(media_root / "public" / relative) as made:
            made.load()
            assert (made.format, made.size) == ("WEBP", (int(width), int(width) * 3 // 4))


def test_repeating_makes_the_same_files(media_root, tmp_path):
    path = written(tmp_path, picture_bytes())

    first = make_sizes(path, name="abcd")
    second = make_sizes(path, name="abcd")

    assert first == second
    assert len(files_below(media_root)) == 3


def test_small_picture_is_not_blown_up(media_root, tmp_path):
    path = written(tmp_path, picture_bytes(draw(size=(500, 400))))

    picture = make_sizes(path, name="abcd")

    assert list(picture.sizes) == ["360", "500"]


def test_place_camera_and_turn_are_gone(media_root, tmp_path):
    data = with_gps()
    assert b"SECRET-CAMERA" in data
    path = written(tmp_path, data)

    picture = make_sizes(path, name="abcd")

    assert (picture.width, picture.height) == (1200, 1600)  # turned upright
    for relative in picture.sizes.values():
        made_bytes = (media_root / "public" / relative).read_bytes()
        assert b"SECRET-CAMERA" not in made_bytes
        with Image.open(media_root / "public" / relative) as made:
            assert dict(made.getexif()) == {}
            assert not {"exif", "xmp", "icc_profile"} & set(made.info)


def test_tail_behind_the_picture_is_gone(media_root, tmp_path):
    path = written(tmp_path, picture_bytes() + b"PK\x03\x04<script>alert(1)</script>")

    picture = make_sizes(path, name="abcd")

    for relative in picture.sizes.values():
        assert b"<script>" not in (media_root / "public" / relative).read_bytes()


def test_dominant_color_is_the_pictures(media_root, tmp_path):
    path = written(tmp_path, picture_bytes(draw(size=(400, 400), color="#c8862b"), "PNG"))

    assert make_sizes(path, name="abcd").dominant_color == "#c8862b"


@pytest.mark.parametrize(
    ("mode", "file_format"),
    [
        ("CMYK", "JPEG"),
        ("L", "JPEG"),
        ("P", "PNG"),
        ("1", "PNG"),
        ("LA", "PNG"),
        ("RGBA", "PNG"),
        ("I;16", "PNG"),
        ("RGBA", "WEBP"),
        ("RGB", "HEIF"),
    ],
)
def test_odd_modes_and_formats_become_webp(media_root, tmp_path, mode, file_format):
    path = written(tmp_path, picture_bytes(draw(size=(1500, 1400), mode=mode), file_format))

    picture = make_sizes(path, name="abcd")

    with Image.open(media_root / "public" / picture.sizes["720"]) as made:
        assert (made.mode, made.size) == ("RGB", (720, 672))


def test_sixteen_bits_keep_their_brightness(media_root, tmp_path):
    grey = Image.new("I;16", (400, 400), 128 * 257)
    path = written(tmp_path, picture_bytes(grey, "PNG"))

    picture = make_sizes(path, name="abcd")

    with Image.open(media_root / "public" / picture.sizes["360"]) as made:
        assert all(abs(level - 128) <= 2 for level in made.getpixel((100, 100)))


def test_transparent_becomes_white(media_root, tmp_path):
    path = written(tmp_path, picture_bytes(Image.new("RGBA", (300, 300), (0, 0, 0, 0)), "PNG"))

    picture = make_sizes(path, name="abcd")

    with Image.open(media_root / "public" / picture.sizes["300"]) as made:
        assert made.getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><html><script>alert(1)</script></html>",
        b"GIF89a" + b"\0" * 100,
        b"%PDF-1.7",
        b"\xff\xd8\xff" + b"\0" * 200,
        b"RIFF\0\0\0\0WEBP",
        b"",
    ],
    ids=["svg", "html", "gif", "pdf", "jpeg-head-only", "webp-head-only", "empty"],
)
def test_what_is_no_picture_is_refused(media_root, tmp_path, data):
    path = written(tmp_path, data, "photo.jpg")

    with pytest.raises(NotAPicture):
        check_picture(path)
    with pytest.raises(NotAPicture):
        make_sizes(path, name="abcd")

    assert files_below(media_root) == []


def test_truncated_picture_is_refused(media_root, tmp_path):
    data = picture_bytes()
    path = written(tmp_path, data[: len(data) // 2])

    check_picture(path)  # the header is fine
    with pytest.raises(BrokenPicture):
        make_sizes(path, name="abcd")

    assert files_below(media_root) == []


@pytest.mark.parametrize("size", [(50_000, 50_000), (12_000, 5_000)])
def test_too_many_pixels_are_never_decoded(media_root, tmp_path, size):
    path = written(tmp_path, png_header(*size))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(TooManyPixels):
        check_picture(path)
    with pytest.raises(TooManyPixels):
        make_sizes(path, name="abcd")

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB
    assert files_below(media_root) == []


@pytest.mark.parametrize("size", [(20, 20), (3000, 100)])
def test_too_small_or_too_narrow_is_refused(media_root, tmp_path, size):
    path = written(tmp_path, picture_bytes(draw(size=size)))

    with pytest.raises(PictureTooSmall):
        check_picture(path)


def test_original_is_private_and_hashed(media_root):
    stored = store_original([b"ab", b"c"], name="f00d", max_bytes=10)

    path = media_root / stored.path
    assert stored.path == "private/originals/f0/f00d.bin"
    assert (stored.size, stored.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
    assert path.stat().st_mode & 0o777 == 0o600
    assert not (media_root / "public").exists()


def test_too_many_bytes_leave_nothing(media_root):
    with pytest.raises(FileTooLarge):
        store_original([b"12345", b"67890", b"1"], name="f00d", max_bytes=10)

    assert files_below(media_root) == []


CHILD = """
import os, sys, resource, signal
from pathlib import Path
import django
django.setup()
from django.conf import settings
settings.MEDIA_ROOT = Path(sys.argv[1])
from uploads.errors import DiskFull
from uploads.services.pictures import make_sizes
from uploads.services.storing import store_original
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    if sys.argv[2] == "store":
        store_original([b"x" * 15_000, b"y" * 15_000], name="f00d", max_bytes=100_000)
    else:
        make_sizes(Path(sys.argv[3]), name="abcd")
except DiskFull as refusal:
    print(refusal.code)
"""


@pytest.mark.parametrize("what", ["store", "sizes"])
def test_full_disk_leaves_nothing_half_made(media_root, tmp_path, what):
    noise = Image.effect_noise((1400, 1400), 90)
    original = written(tmp_path, picture_bytes(noise))

    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(media_root), what, str(original)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "villagemarket.settings"},
    )

    assert (child.stdout.strip(), child.returncode) == ("disk_full", 0), child.stderr
    for name in files_below(media_root):
        with Image.open(media_root / name) as made:  # a whole size from before the disk was full, or nothing
            made.load()
    assert not list(media_root.rglob(".part-*"))


def test_killed_in_the_middle_leaves_nothing_under_a_final_name(media_root, tmp_path):
    script = CHILD.replace("resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))", "").replace(
        'store_original([b"x" * 15_000, b"y" * 15_000], name="f00d", max_bytes=100_000)',
        "store_original((os.kill(os.getpid(), 9) if n else b'x' for n in (0, 1)), name='f', max_bytes=9)",
    )

    child = subprocess.run(
        [sys.executable, "-c", script, str(media_root), "store"],
        capture_output=True,
        timeout=60,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "villagemarket.settings"},
    )

    assert child.returncode == -9
    assert [Path(name).name.startswith(".part-") for name in files_below(media_root)] == [True]


def test_disk_full_is_told_as_such():
    assert (DiskFull.status, DiskFull.code) == (507, "disk_full")
