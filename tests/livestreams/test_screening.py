"""What leads out of the market waits; what people say about goods does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestreams.cleaning import clean_text
from livestreams.screening import way_out


@pytest.mark.parametrize(
    "line",
    [
        "看 www.example",
        "ｂａｉｄｕ．ｃｏｍ",
        "baidu点com",
        "baidu。com",
        "bai\u200bdu.com",
        "evil (dot) com",
        "HTTPS://x",
        "t.me/abc",
        "m.tb.cn/h.abc",
        "192.168.1.1:80",
        "￥4a5bC6d7E8￥",
    ],
)
def test_links(line):
    assert way_out(line) == "link"


@pytest.mark.parametrize(
    "line",
    [
        "13800138000",
        "138-0013-8000",
        "+86 138 0013 8000",
        "１３８００１３８０００",
        "一三八零零一三八零零零",
        "幺三八零零幺三八零零零",
        "①③⑧⓪⓪①③⑧⓪⓪⓪",
        "l38OO138OOO",
        "1🌾3🌾8🌾0🌾0🌾1🌾3🌾8🌾0🌾0🌾0",
        "010-62345678",
        "400-123-4567",
    ],
)
def test_telephone_numbers(line):
    assert way_out(line) == "phone"


@pytest.mark.parametrize(
    "line",
    ["加微信", "加我V", "我的微信号 zhuoma_88", "wx:abc12345", "QQ 12345678", "微　信：zhuoma88", "加薇聊"],
)
def test_accounts_elsewhere(line):
    assert way_out(line) == "account"


@pytest.mark.parametrize(
    "line",
    [
        "好吃！多少钱一斤？",
        "微信支付可以吗",
        "微信里付了100块",
        "微信群里看到的",
        "68.5 一斤",
        "3.14",
        "1.2.3",
        "2026.11.26",
        "How much is it? 5kg.",
        "Thanks.I love it",
        "买2斤.送1斤",
        "加一斤",
        "加微笑",
        "订单20261126000123",
        "15 25 35 45 55 65",
        "二月二龙抬头",
        "今天100克卖19.9，买3送1",
    ],
)
def test_talk_about_goods_goes_through(line):
    assert way_out(line) == ""


@given(st.text(max_size=300))
def test_any_text_is_answered(text):
    assert way_out(text) in ("", "link", "phone", "account")


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing_more(text):
    assert clean_text(clean_text(text)) == clean_text(text)


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("<script>alert(1)</script>\u202e\nnext", "<script>alert(1)</script> next"),
        ("\u2067abc\u2069\u200f", "abc"),
        ("e" + "\u0301" * 10_000, "e\u0301\u0301"),
        ("a" + "\u0335" * 10_000 + "b", "a\u0335\u0335b"),
        ("\u0301" * 50, ""),
        ("\u3164\u2800\u115f \u200b", ""),
        ("བསྒྲུབས་", "བསྒྲུབས་"),
        ("👩\u200d🌾", "👩\u200d🌾"),
        ("\u200d\u200d\u200d", ""),
        ("a\x00b", "ab"),
    ],
)
def test_hostile_text_becomes_one_quiet_line(typed, cleaned):
    expected = "é\u0301\u0301" if typed.startswith("e\u0301") else cleaned

    assert clean_text(typed) == expected
