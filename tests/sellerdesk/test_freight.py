"""Freight templates on the desk."""

import pytest

from shops.models import FreightTemplate
from tests.factories.freight import make_freight, zone

pytestmark = pytest.mark.django_db
TYPED = {
    "name": "常温", "measure": "piece", "first_units": "2", "first": "8", "step_units": "1", "step": "2.50",
    "far": ["650000"], "far_first": "20", "far_step": "6", "never": ["540000"], "free_above": "99",
    "cold_chain": "", "is_default": "on",
}  # fmt: skip


def test_a_member_writes_a_template_and_finds_it_as_typed(market, mei, client):
    client.force_login(mei)

    saved = client.post("/desk/freight/new/", TYPED)
    template = FreightTemplate.objects.get()
    again = client.post(
        f"/desk/freight/{template.pk}/", client.get(f"/desk/freight/{template.pk}/").context["form"].initial
    )

    assert (saved.status_code, again.status_code) == (302, 302)
    template.refresh_from_db()
    assert (template.shop, template.free_above_fen, template.is_default) == (market.shop, 9900, True)
    zones = template.zones.values_list(
        "region_codes", "is_deliverable", "first_units", "first_fen", "step_fen"
    )
    assert list(zones) == [
        ([], True, 2, 800, 250), (["650000"], True, 2, 2000, 600), (["540000"], False, 1, 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"first": ""}, "first"),
        ({"first": "-3"}, "first"),
        ({"first_units": "1.5"}, "first_units"),
        ({"far_first": ""}, "far_first"),
        ({"never": ["650000"]}, "never"),
        ({"far": ["999999"]}, "far"),
        ({"measure": "weight"}, "measure"),
    ],
)
def test_a_template_that_makes_no_sense_is_shown_again(market, mei, client, change, field):
    client.force_login(mei)

    answer = client.post("/desk/freight/new/", TYPED | change)

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not FreightTemplate.objects.exists()


def test_a_finer_template_is_not_flattened_by_the_page(market, mei, client):
    template = make_freight(shop=market.shop, zones=[zone(), zone("532930", first_fen=1)])
    client.force_login(mei)

    assert client.post(f"/desk/freight/{template.pk}/", TYPED).status_code == 302
    assert list(template.zones.values_list("region_codes", flat=True)) == [[], ["532930"]]
