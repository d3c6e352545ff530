import pytest

from accounts.phones import is_mainland_mobile, normalize_phone


@pytest.mark.parametrize(
    "typed",
    [
        "13812345678",
        " 138 1234 5678 ",
        "138-1234-5678",
        "+8613812345678",
        "+86 138 1234 5678",
        "0086 13812345678",
        "8613812345678",
        "１３８１２３４５６７８",
        "＋８６ 138１2345678",
        "(+86) 138.1234.5678",
        "138\u00a01234\u20135678",
    ],
)
def test_every_way_to_type_a_mobile_number_is_one_number(typed):
    assert normalize_phone(typed) == "13812345678"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "1381234567",
        "138123456789",
        "12812345678",
        "abc",
        "138١2345678x",
        "+86",
        "+0123456789",
        "13812345678\n; DROP",
        "9" * 500,
        "\x00",
    ],
)
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(ValueError, match="not a telephone number"):
        normalize_phone(typed)


def test_a_foreign_number_keeps_its_country_and_gets_no_sms():
    phone = normalize_phone("00 977 984-1234567")

    assert phone == "+9779841234567"
    assert not is_mainland_mobile(phone)


def test_a_landline_is_welcome_only_where_it_is_allowed():
    assert normalize_phone("0872-5123456", allow_landline=True) == "08725123456"
    with pytest.raises(ValueError, match="not a telephone number"):
        normalize_phone("0872-5123456")
