"""Start the provider: `python -m sandboxgateway [serve|keys|remember]`. Options default to the environment.

`remember` reads payments of the past, a JSON object a line, from its standard input: a demo's history.
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from sandboxgateway.book import Book
from sandboxgateway.keys import load_keys, make_keys
from sandboxgateway.server import Provider


def _options(arguments: list[str]) -> argparse.Namespace:
    environment = os.environ
    var = environment.get("MARKET_VAR") or "var"
    listen = environment.get("SANDBOX_LISTEN", "127.0.0.1:8020")
    parser = argparse.ArgumentParser(prog="python -m sandboxgateway", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["serve", "keys", "remember"], default="serve")
    parser.add_argument("--host", default=listen.rpartition(":")[0])
    parser.add_argument("--port", type=int, default=int(listen.rpartition(":")[2]))
    parser.add_argument("--data", type=Path, default=Path(var) / "sandboxgateway", help="our keys and book")
    parser.add_argument(
        "--merchant-keys",
        type=Path,
        default=environment.get("SANDBOX_KEYS_DIR") or None,
        help="where the merchant finds its key and our public one (default: --data)",
    )
    parser.add_argument("--merchant", default=environment.get("SANDBOX_MERCHANT_ID", "village-market-demo"))
    parser.add_argument("--prefix", default="/sandbox-pay", help="under which path a proxy shows us")
    parser.add_argument("--control", action="store_true", help="knobs for tests at /control")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Return the exit code."""
    if os.environ.get("MARKET_MODE") == "production":
        sys.stderr.write("sandboxgateway: takes no real money and does not run in production.\n")
        return 2
    options = _options(arguments)
    make_keys(data=options.data, merchant_keys=Path(options.merchant_keys or options.data))
    if options.command == "keys":
        return 0
    if options.command == "remember":
        book = Book(options.data / "book.sqlite3")
        for line in sys.stdin:
            book.remember(options.merchant, json.loads(line))
        return 0
    key, merchant_key = load_keys(options.data)
    try:
        server = Provider(
            (options.host, options.port),
            book=Book(options.data / "book.sqlite3"),
            key=key,
            merchant=options.merchant,
            merchant_key=merchant_key,
            prefix=options.prefix.rstrip("/"),
            with_control=options.control,
        )
    except OSError as error:
        sys.stderr.write(
            f"sandboxgateway: cannot listen on {options.host}:{options.port}: {error.strerror}\n"
        )
        return 1
    # shutdown() waits for the serving loop, which this very thread runs: ask from another one.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on {options.host}:{server.server_address[1]}", flush=True)
    with server:
        server.serve_forever(poll_interval=0.2)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
