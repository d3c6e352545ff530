"""Addresses of freight templates and regions."""

from shops.models import FreightTemplate
from tests.factories.freight import make_freight, zone
from tests.house.roles import row

API = "api/v1/"
SIGNED_IN = "401 200 200 200 200 200 200"


def _made(world) -> int:
    shop = world.market.shop
    made = FreightTemplate.objects.filter(shop=shop).first()
    return (made or make_freight(shop=shop, measure="piece", zones=[zone()])).pk


def _template(world) -> str:
    return f"/api/v1/freight-templates/{_made(world)}/"


def _desk(world) -> str:
    return f"/desk/freight/{_made(world)}/"


MEMBERS_PAGE = "302 404 404 404 200 404 404"
MEMBERS_MOVE = "302 404 404 404 302 404 404"
TYPED = {"name": "新", "measure": "piece", "first": "8"}
NEW = {"name": "按件", "measure": "piece", "zones": [{"region_codes": [], "first_fen": 500}]}
ROWS = [
    row("GET", "desk/freight/", MEMBERS_PAGE),
    row("GET", "desk/freight/new/", MEMBERS_PAGE),
    row("POST", "desk/freight/new/", MEMBERS_MOVE, data=TYPED),
    row("GET", "desk/freight/<int:template_id>/", MEMBERS_PAGE, path=_desk),
    row("POST", "desk/freight/<int:template_id>/", MEMBERS_MOVE, path=_desk, data=TYPED),
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
