"""A village for the journeys, made through the REST API as another program would: farmers, terms, goods."""

import io
import secrets
from dataclasses import dataclass

from PIL import Image
from playwright.sync_api import APIRequestContext, Page

from tests.stack import Stack

COLOURS = ("#c8862b", "#1f5f4a", "#2b6cb0", "#c0392b")


@dataclass(frozen=True)
class Grown:
    """What one farmer of the village sells."""

    farmer: int
    farmer_name: str
    product: int
    variant: int
    title: str
    price_fen: int


class Api:
    """The API with one person's bearer token."""

    def __init__(self, page: Page, stack: Stack, name: str):
        self.requests: APIRequestContext = page.request
        identifier, password = stack.credentials(name)
        answer = self._send("POST", "auth/token/", {"identifier": identifier, "password": password}, {})
        self.headers = {"Authorization": f"Bearer {answer['token']}"}

    def get(self, path: str) -> dict:
        """Return what is at a path below /api/v1/."""
        return self._send("GET", path, None, self.headers)

    def post(self, path: str, body: dict | None = None, **headers: str) -> dict:
        """Return the answer to a POST; a refusal fails the test with its text."""
        return self._send("POST", path, body or {}, self.headers | headers)

    def upload(self, path: str, name: str, data: bytes) -> dict:
        """Return the answer to an uploaded JPEG."""
        file = {"name": name, "mimeType": "image/jpeg", "buffer": data}
        answer = self.requests.post(f"/api/v1/{path}", multipart={"file": file}, headers=self.headers)
        assert answer.ok, f"{path}: {answer.status} {answer.text()}"
        return answer.json()

    def _send(self, method: str, path: str, body: dict | None, headers: dict[str, str]) -> dict:
        answer = self.requests.fetch(f"/api/v1/{path}", method=method, data=body, headers=headers)
        assert answer.ok, f"{method} {path}: {answer.status} {answer.text()}"
        return answer.json()


def grow(page: Page, stack: Stack, *, farmers: int, mark: str) -> list[Grown]:
    """Let mei write down so many farmers who trust zhuoma, each with one product on sale."""
    api = Api(page, stack, "mei")
    [(host,)] = stack.rows("SELECT id FROM shops_host WHERE name LIKE %s", "卓玛%")
    [(village,)] = stack.rows("SELECT village_id FROM shops_shop ORDER BY id LIMIT 1")
    category = api.get("categories/")["results"][0]["id"]
    grown = []
    for number in range(farmers):
        name = f"{mark} {number + 1:02d}"
        phone = f"139{secrets.randbelow(10**8):08d}"
        farmer = api.post("farmers/", {"name": name, "village": village, "phone": phone})["id"]
        api.post(f"farmers/{farmer}/authorizations/", {"host": host, "host_commission_bp": 500})
        title, price_fen = f"Barley of {name}", 2000 + 100 * number
        product = api.post(
            "products/",
            {
                "title": title,
                "category": category,
                "village": village,
                "farmer": farmer,
                "variants": [{"name": "500 g", "price_fen": price_fen, "stock": 40}],
            },
        )
        api.upload(f"products/{product['id']}/photos/", f"{number}.jpg", _photo(number))
        api.post(f"products/{product['id']}/publish/")
        grown.append(Grown(farmer, name, product["id"], product["variants"][0]["id"], title, price_fen))
    _wait_until_on_sale(page, stack, grown)
    return grown


def _photo(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (600, 800), COLOURS[number % len(COLOURS)]).save(file, "JPEG")
    return file.getvalue()


def _wait_until_on_sale(page: Page, stack: Stack, grown: list[Grown]) -> None:
    ids = [one.product for one in grown]
    for _ in range(300):
        rows = stack.rows("SELECT status FROM shops_product WHERE id = ANY(%s)", ids)
        if {status for (status,) in rows} == {"published"}:
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"not on sale: {rows}")
