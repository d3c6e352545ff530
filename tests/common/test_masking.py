import pytest

from common.masking import mask_email, mask_name, mask_phone


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812345678", "138****5678"),
        ("+9779841234567", "+97798****4567"),
        ("12345", "*****"),
        ("", ""),
        (None, ""),
    ],
)
def test_the_middle_of_a_phone_is_hidden(phone, shown):
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("name", "shown"), [("卓玛", "卓*"), ("扎", "扎*"), ("Tashi Dorje", "T***"), ("", "")]
)
def test_only_the_first_letter_of_a_name_is_shown(name, shown):
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("email", "shown"), [("arun@example.com", "a***@example.com"), ("broken", ""), (None, "")]
)
def test_the_local_part_of_an_email_is_hidden(email, shown):
    assert mask_email(email) == shown
