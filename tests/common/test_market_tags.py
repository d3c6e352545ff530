"""Formatting in templates (look.md, rules.md PR9)."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation


def render(text: str, **context) -> str:
    return Template("{% load market %}" + text).render(Context(context))


@pytest.mark.parametrize(
    ("fen", "shown"),
    [(6800, "68.00"), (5, "0.05"), (-1250, "−12.50"), (123456789, "1,234,567.89"), (None, "")],
)
def test_yuan_shows_fen_as_yuan(fen, shown):
    assert render("{{ fen|yuan }}", fen=fen) == shown


@pytest.mark.parametrize(
    ("fen", "shown"),
    [(6800, "¥68.00"), (0, "¥0.00"), (-1250, "−¥12.50"), (-123456, "−¥1,234.56"), (None, "")],
)
def test_money_puts_the_sign_before_the_yuan(fen, shown):
    assert render("{{ fen|money }}", fen=fen) == shown


@pytest.mark.parametrize(("fen", "shown"), [(320, "−¥3.20"), (-320, "¥3.20"), (0, "¥0.00"), (None, "")])
def test_what_is_taken_off_turns_its_sign(fen, shown):
    assert render("{{ fen|taken|money }}", fen=fen) == shown


@pytest.mark.parametrize(
    ("language", "day", "near"),
    [("zh-hans", "2026年3月5日 07:08", "3月5日 07:08"), ("en", "5 Mar 2026, 07:08", "5 Mar 07:08")],
)
def test_days_are_written_as_people_say_them(language, day, near):
    at = datetime(2026, 3, 4, 23, 8, tzinfo=UTC)

    with translation.override(language):
        assert render('{{ at|date:"DATETIME_FORMAT" }}', at=at) == day
        assert render("{{ at|moment }}", at=at) == near


def test_no_moment_is_no_words():
    assert render("{{ at|moment }}", at=None) == ""


def test_price_puts_small_sign_and_smaller_fen_beside_the_yuan():
    html = render('{% price 6850 unit="500 g" was=8800 %}')

    assert '<span class="price__sign">¥</span>68<span class="price__fen">.50</span>' in html
    assert '<span class="price__unit">/ 500 g</span>' in html
    assert '<s class="price-was">¥88.00</s>' in html


def test_price_strikes_nothing_that_was_not_higher():
    assert "price-was" not in render("{% price 6850 was=6850 %}")


def test_masked_phone_hides_its_middle():
    assert render("{{ phone|masked_phone }}", phone="13812341234") == "138****1234"


def test_hex_color_lets_no_other_text_through():
    assert render("{{ color|hex_color }}", color="#a1B2c3") == "#a1B2c3"
    assert render("{{ color|hex_color }}", color='red"/><script>') == "#f6e7c1"


def test_split_bar_widths_follow_the_parts_and_survive_nothing():
    parts = [
        {"label": "farmer", "amount_fen": 7500, "kind": "farmer"},
        {"label": "host", "amount_fen": 2500, "kind": "host"},
        {"label": "odd", "amount_fen": 0, "kind": "<b>"},
    ]

    html = render("{% split_bar parts %}", parts=parts)

    assert 'part--farmer" x="0.000%" y="0" width="75.000%"' in html
    assert 'part--host" x="75.000%" y="0" width="25.000%"' in html
    assert 'part--other" x="100.000%" y="0" width="0.000%"' in html
    assert 'width="0%"' in render(
        "{% split_bar parts %}", parts=[{"label": "a", "amount_fen": 0, "kind": "host"}]
    )


def test_bar_columns_stand_on_the_floor_and_the_tallest_fills_the_frame():
    html = render("{% bar_columns rows %}", rows=[{"label": "a", "value": 50}, {"label": "b", "value": 200}])

    assert 'y="75.00%" width="100%" height="25.00%"' in html
    assert 'y="0.00%" width="100%" height="100.00%"' in html


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/", "Home"),
        ("/products/7/", "Home"),
        ("/live/3/", "Live"),
        ("/checkout/", "Cart"),
        ("/orders/", "Me"),
    ],
)
def test_exactly_one_tab_is_current(path, current):
    with translation.override("en"):
        html = render('{% include "_tabbar.html" %}', request=RequestFactory().get(path))

    assert html.count('aria-current="page"') == 1
    assert f"<span>{current}</span>" in html.split('aria-current="page"')[1].split("</a>")[0]


@pytest.mark.parametrize(
    ("referer", "shown"),
    [("http://testserver/cart/?a=1", "/cart/?a=1"), ("https://evil.example/cart/", "/"),
     ("http://testserver//evil.example", "/evil.example"), ("", "/"), (None, "/")],
)  # fmt: skip
def test_way_back_stays_on_our_site(referer, shown):
    request = RequestFactory().get("/")

    assert render("{{ referer|same_site_path:request }}", referer=referer, request=request) == shown
