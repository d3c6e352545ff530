"""Pictures for tests, made here so that nothing binary lies in the repository."""

import io
import struct
import zlib

from PIL import Image

GPS_TAG = 0x8825


def draw(*, size=(1600, 1200), mode="RGB", color=None) -> Image.Image:
    """Return a picture with a gradient, so that it does not compress to nothing."""
    image = Image.linear_gradient("L").resize(size)
    if mode == "I;16":
        return image.convert("I").point(lambda value: value * 257).convert("I;16")
    if color:
        return Image.new("RGB", size, color).convert(mode)
    return Image.merge("RGB", (image, image.rotate(90).resize(size), image.rotate(180))).convert(mode)


def picture_bytes(image: Image.Image | None = None, file_format: str = "JPEG", **options) -> bytes:
    """Return the encoded picture."""
    buffer = io.BytesIO()
    (image or draw()).save(buffer, file_format, **options)
    return buffer.getvalue()


def with_gps() -> bytes:
    """Return a JPEG that tells where it was taken, by whom, and that it lies on its side."""
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    exif[0x0112] = 6  # turned by 90°
    exif[GPS_TAG] = {1: "N", 2: (27.0, 49.0, 12.0), 3: "E", 4: (99.0, 42.0, 0.0)}
    return picture_bytes(draw(size=(1600, 1200)), exif=exif)


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that claims a size in its header and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
