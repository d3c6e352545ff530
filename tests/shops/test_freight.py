from hypothesis import given
from hypothesis import strategies as st

from shops.freight import Freight, Load, Terms, Zone, freight_of

REST = Zone(first_units=1000, first_fen=1000, step_units=500, step_fen=300)


def load(terms, *, key=1, quantity=1, weight_g=500, total_fen=6800):
    return Load(key=key, terms=terms, quantity=quantity, weight_g=weight_g, total_fen=total_fen)


def by_weight(*zones, **fields):
    return Terms(pk=fields.pop("pk", 1), measure="weight", zones=zones or (REST,), **fields)


def fen(*loads, region="310101", flat=800):
    return freight_of(loads, region_code=region, flat_fen=flat).freight_fen


def test_a_step_that_has_begun_is_paid():
    terms = by_weight()

    assert [fen(load(terms, weight_g=grams)) for grams in (1, 1000, 1001, 1500, 1501)] == [
        1000, 1000, 1300, 1300, 1600,
    ]  # fmt: skip


def test_one_template_is_one_parcel_and_its_weights_add_up():
    terms = by_weight()

    assert fen(load(terms, key=1, quantity=2, weight_g=600), load(terms, key=2, weight_g=300)) == 1300


def test_pieces_are_counted_without_a_weight():
    terms = Terms(pk=1, measure="piece", zones=(Zone(first_units=2, first_fen=500, step_fen=200),))

    assert [fen(load(terms, quantity=pieces, weight_g=None)) for pieces in (1, 2, 3, 5)] == [
        500,
        500,
        700,
        1100,
    ]


def test_two_templates_are_two_parcels_and_goods_without_one_share_the_flat_parcel():
    cold, plain = by_weight(pk=1, cold_chain_fen=1500), by_weight(pk=2)

    assert (
        fen(load(cold, key=1), load(plain, key=2), load(None, key=3), load(None, key=4)) == 2500 + 1000 + 800
    )
    assert fen(load(None), load(None, key=2)) == 800
    assert fen() == 0


def test_free_from_an_amount_of_its_own_goods_on_cold_chain_included():
    terms = by_weight(free_above_fen=10_000, cold_chain_fen=1500)

    assert fen(load(terms, total_fen=9_999), load(None, key=2, total_fen=50_000)) == 2500 + 800
    assert fen(load(terms, total_fen=10_000)) == 0


def test_the_most_exact_region_decides():
    terms = by_weight(
        REST,
        Zone(codes=("530000",), first_units=1000, first_fen=1500),
        Zone(codes=("532900",), first_units=1000, first_fen=400),
        Zone(codes=("532930",), is_deliverable=False),
    )

    assert fen(load(terms), region="310101") == 1000
    assert fen(load(terms), region="530102") == 1500
    assert fen(load(terms), region="532901") == 400
    assert freight_of([load(terms)], region_code="532930", flat_fen=800) == Freight(0, frozenset({1}))


def test_without_a_zone_for_all_others_they_are_not_sent_to():
    terms = by_weight(Zone(codes=("530000",), first_units=1000, first_fen=1500))

    assert freight_of([load(terms)], region_code="310101", flat_fen=800).undeliverable == {1}


def test_a_missing_region_is_unknown_only_where_it_matters():
    needs = by_weight(REST, Zone(codes=("650000",), is_deliverable=False), pk=1)
    plain = by_weight(pk=2)

    assert freight_of(
        [load(needs, key=1), load(plain, key=2), load(None, key=3)], region_code="", flat_fen=800
    ) == Freight(1800, frozenset(), frozenset({1}))


def test_an_unknown_weight_counts_as_one_first_weight():
    assert fen(load(by_weight(), quantity=2, weight_g=None)) == 1000 + 2 * 300


@given(
    grams=st.integers(1, 100_000), more=st.integers(0, 100_000), first=st.integers(1, 20_000),
    step=st.integers(1, 5_000), first_fen=st.integers(0, 10_000), step_fen=st.integers(0, 10_000),
)  # fmt: skip
def test_more_weight_never_costs_less_and_stays_whole_fen(grams, more, first, step, first_fen, step_fen):
    terms = by_weight(Zone(first_units=first, first_fen=first_fen, step_units=step, step_fen=step_fen))

    less, dear = fen(load(terms, weight_g=grams)), fen(load(terms, weight_g=grams + more))

    assert type(less) is int
    assert first_fen <= less <= dear
