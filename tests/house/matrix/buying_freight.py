"""Addresses of freight templates and regions."""

from tests.factories.freight import make_freight, zone
from tests.house.roles import row

API = "api/v1/"
SIGNED_IN = "401 200 200 200 200 200 200"


def _template(world) -> str:
    return f"/api/v1/freight-templates/{make_freight(shop=world.market.shop, zones=[zone()]).pk}/"


NEW = {"name": "按件", "measure": "piece", "zones": [{"region_codes": [], "first_fen": 500}]}
ROWS = [
    row("GET", API + "regions/", 200),
    row("GET", API + "freight-templates/", SIGNED_IN),
    row("POST", API + "freight-templates/", "401 403 403 403 201 403 403", data=NEW),
    row(
        "PATCH",
        API + "freight-templates/<int:pk>/",
        "401 404 404 404 200 404 404",
        path=_template,
        data={"cold_chain_fen": 1500},
    ),
]
