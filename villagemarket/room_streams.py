"""Settings of the room streams; docs/production.md says what they are for."""

import os

from django.core.exceptions import ImproperlyConfigured

# Who carries the streams: our own live process, or nginx's nchan in front of it.
ROOM_STREAM = os.environ.get("ROOM_STREAM") or "asgi"
if ROOM_STREAM not in ("asgi", "nchan"):
    raise ImproperlyConfigured(f"ROOM_STREAM is {ROOM_STREAM!r}; it must be asgi or nchan.")
# Where nginx takes messages for nchan: unix:/path or host:port, never the public address.
NCHAN_PUBLISH = os.environ.get("NCHAN_PUBLISH") or "unix:/run/market/nchan.sock"
# Who may say for whom a stream is asked: addresses of proxies in front of the live process.
LIVE_PROXIES = frozenset(filter(None, os.environ.get("LIVE_PROXIES", "").replace(" ", "").split(",")))
# Streams of one address at once, 0 for any number. Whole villages share one behind their carrier.
ROOM_STREAMS_PER_ADDRESS = int(os.environ.get("ROOM_STREAMS_PER_ADDRESS") or 500)
