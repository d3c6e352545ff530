"""A market with one show, its deals and a crowd, for the benchmarks of buying; on servers of its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from accounts.models import Address, ApiToken, User
from accounts.selectors import token_digest
from common.clock import utc_now
from livestreams.models import FlashDeal, LiveSession, PinEvent
from orders.services.granting import GOODS_URL, TOKEN_SECONDS, sign_grant
from shops.models import Variant
from tests.factories.livestreams import add_to_rundown, make_deal, make_pin, make_session
from tests.factories.shops import (
    authorize_host,
    authorize_shop,
    make_category,
    make_farmer,
    make_host,
    make_person,
    make_product,
    make_shop,
    make_village,
)
from villagemarket import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
INSIDE = "MARKET_BENCH_INSIDE"


def run_inside(name: str, arguments: list[str]) -> int:
    """Run this benchmark again in a process that has servers of its own; they leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="market-bench-"))
    folder.chmod(0o755)
    place = embedded.place_for(folder)
    postgres, valkey = embedded.Postgres(place), embedded.Valkey(place, durable=False)
    started = []
    try:
        with (folder / "servers.log").open("ab") as log:
            for server in (postgres, valkey):
                started.append((server, embedded.start(server, log)))
        postgres.create_database()
        environment = os.environ | {
            INSIDE: "1", "DATABASE_URL": postgres.url(), "REDIS_URL": valkey.url(), "MARKET_VAR": str(folder),
            "MARKET_MODE": "demo", "LOG_LEVEL": "ERROR", "MARKET_PGBENCH": str(postgres.binaries / "pgbench"),
        }  # fmt: skip
        migrate = [sys.executable, "-W", "ignore", "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        command = [sys.executable, "-m", "tests.bench", name, *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    finally:
        for server, process in reversed(started):
            embedded.stop(server, process)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(place.data, ignore_errors=True)


def make_show() -> LiveSession:
    """A show on air of a shop with a farmer who lets shop and host sell."""
    mei, zhuoma = make_person(name="梅姐"), make_person(name="卓玛")
    village = make_village(name="云岭村")
    shop, host = make_shop(owner=mei, village=village), make_host(user=zhuoma, village=village)
    farmer = make_farmer(village=village, name="扎西")
    authorize_shop(farmer=farmer, shop=shop)
    authorize_host(farmer=farmer, host=host)
    make_category()
    return make_session(host=host, shop=shop)


def make_goods(session: LiveSession, title: str, stock: int):
    """A variant of the show's shop and farmer."""
    farmer = session.host.authorizations.get().farmer
    return make_product(shop=session.shop, farmer=farmer, title=title, stock=stock).variants.get()


def make_range(session: LiveSession, number: int) -> list[Variant]:
    """So many variants of the show's shop and farmer, with more units than a run sells."""
    return [make_goods(session, f"青稞米 {i}", 10**6) for i in range(number)]


def make_hot_deal(session: LiveSession, units: int, per_buyer: int) -> FlashDeal:
    """A deal that is on, of goods that are being shown."""
    item = add_to_rundown(
        session=session,
        variant=make_goods(session, f"青稞米 {uuid.uuid4().hex[:4]}", units),
        host_commission_bp=500,
    )
    PinEvent.objects.filter(session=session, closed_at=None).update(closed_at=utc_now())
    make_pin(item=item)
    return make_deal(item=item, quantity=units, per_buyer=per_buyer, seconds=4 * 3600)


def make_crowd(number: int, *, prefix: str = "137") -> list[tuple[User, int]]:
    """So many people, each with an address and signed in; their phones begin with `prefix`."""
    people = User.objects.bulk_create(
        [User(phone=f"{prefix}{i:08d}", display_name=f"买家{i}", password="!none") for i in range(number)],
        batch_size=2000,
    )
    homes = Address.objects.bulk_create(
        [
            Address(
                user=person, recipient=person.display_name, phone=person.phone, region_code="310101",
                region="上海市黄浦区", detail="人民路 9 号", is_default=True,
            )
            for person in people
        ],
        batch_size=2000,
    )  # fmt: skip
    now = utc_now()
    ApiToken.objects.bulk_create(
        [
            ApiToken(
                user=person, digest=token_digest(token_of(person)), created_at=now,
                expires_at=now + timedelta(days=1),
            )
            for person in people
        ],
        batch_size=2000,
    )  # fmt: skip
    return [(person, home.pk) for person, home in zip(people, homes, strict=True)]


def token_of(person: User) -> str:
    """The bearer token with which somebody of the crowd is signed in."""
    return f"token-of-{person.pk}"


def order_request(person: User, address_id: int, wanted: list[tuple[Variant, int]]) -> bytes:
    """One order of ordinary goods at their fast door, with a key of its own."""
    body = {
        "lines": [{"variant": variant.pk, "quantity": quantity} for variant, quantity in wanted],
        "address": address_id,
    }
    return post(GOODS_URL, body, authorization=f"Bearer {_grant(person, None)}")


def _grant(person: User, deal_id: int | None) -> str:
    # As orders.services.granting gives it, which looks at the deal each time: thirty thousand times here.
    return sign_grant(
        buyer=person,
        deal_id=deal_id,
        sign_in=token_digest(token_of(person)),
        language="zh-hans",
        until=int(utc_now().timestamp()) + TOKEN_SECONDS,
    )


def deal_request(person: User, address_id: int, deal: FlashDeal, path: str = "") -> bytes:
    """One order of a deal as it goes over the wire, with a key of its own."""
    line = {"variant": deal.rundown_item.variant_id, "quantity": 1, "deal": deal.pk}
    body = {"lines": [line], "address": address_id}
    path = path or f"/api/v1/deals/{deal.pk}/orders/"
    return post(path, body, authorization=f"Bearer {_grant(person, deal.pk)}")


def post(path: str, body: dict, **headers: str) -> bytes:
    """A POST with a fresh Idempotency-Key."""
    raw = json.dumps(body).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{more}"
        f"idempotency-key: {uuid.uuid4()}\r\ncontent-length: {len(raw)}\r\n\r\n"
    ).encode() + raw


@contextmanager
def serving(interface: str, application: str, *options: str) -> Iterator[int]:
    """One application behind granian, as script/server runs it; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-W", "ignore", "-m", "granian", f"--interface={interface}", "--host=127.0.0.1",
        f"--port={port}", "--http=1", "--no-ws", "--backlog=4096", "--log-level=error", *options, application,
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)


def shoot(port: int, requests: list[bytes], *, clients: int, seconds: float, folder: Path) -> dict:
    """Let clients in a process of their own send these one after the other; return what they met."""
    file = folder / f"requests-{uuid.uuid4().hex[:6]}.json"
    file.write_text(json.dumps([request.decode() for request in requests]))
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.deal_buyers", str(port), str(file), str(clients), str(seconds)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    file.unlink()
    return json.loads(done.stdout)
