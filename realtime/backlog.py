"""How much of what was sent each phone has acknowledged, asked of the kernel.

The web server takes whatever it is given and keeps it in memory until the phone reads it. Only the kernel
knows how far a phone really is: `tcpi_bytes_acked` of its connection, by NETLINK_SOCK_DIAG (sock_diag(7)).
"""

import functools
import logging
import socket
import struct

logger = logging.getLogger(__name__)

_SOCK_DIAG = 4
_BY_FAMILY, _DONE, _ERROR = 20, 3, 2
_REQUEST_DUMP = 0x001 | 0x300
_INFO = 2
_ESTABLISHED_OR_CLOSING = 0xFFFFFFFF & ~(1 << 10)
_MESSAGE = 72
_BYTES_ACKED = 120  # in struct tcp_info
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_NUMBER = struct.Struct("=Q")

Address = tuple[str, int]
Key = tuple[bytes, int]


def key_of(client: Address) -> Key:
    """Return the form in which the kernel knows a client."""
    family = socket.AF_INET6 if ":" in client[0] else socket.AF_INET
    return socket.inet_pton(family, client[0]), int(client[1])


@functools.cache
def is_known_here() -> bool:
    """Whether the kernel answers at all."""
    try:
        acknowledged(1)
    except OSError as error:
        logger.warning("slow readers cannot be told apart here: %s", error)
        return False
    return True


def acknowledged(port: int, *, is_ipv6: bool = False) -> dict[Key, int]:
    """Return the bytes that each client of our port has acknowledged. About 5 µs a connection.

    Raises OSError where the kernel does not tell.
    """
    family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
    size = 16 if is_ipv6 else 4
    request = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 1 << (_INFO - 1), 0, _ESTABLISHED_OR_CLOSING)
    request += struct.pack("!HH", port, 0) + bytes(32) + struct.pack("=I", 0) + b"\xff" * 8
    found: dict[Key, int] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as kernel:
        kernel.settimeout(1)
        kernel.bind((0, 0))
        kernel.send(_HEADER.pack(_HEADER.size + len(request), _BY_FAMILY, _REQUEST_DUMP, 1, 0) + request)
        while _read(kernel.recv(1024 * 1024), size, found):
            pass
    return found


def _read(data: bytes, size: int, found: dict[Key, int]) -> bool:
    """Take one answer in; False when it was the last."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, *_ = _HEADER.unpack_from(data, offset)
        if kind == _ERROR:
            raise OSError("the kernel refuses the question")
        if kind == _DONE or length < _HEADER.size:
            return False
        message = offset + _HEADER.size
        port = int.from_bytes(data[message + 6 : message + 8], "big")
        place, end = message + _MESSAGE, offset + length
        while place + 4 <= end:
            attribute, name = _ATTRIBUTE.unpack_from(data, place)
            if name == _INFO and attribute >= 4 + _BYTES_ACKED + 8:
                address = data[message + 24 : message + 24 + size]
                found[address, port] = _NUMBER.unpack_from(data, place + 4 + _BYTES_ACKED)[0]
                break
            place += max((attribute + 3) & ~3, 4)
        offset += (length + 3) & ~3
    return True
