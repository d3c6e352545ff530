"""Operators read words and yuan, never the names of the code or fen."""

import inspect
import re

import pytest

from backoffice import comparing, comparing_bills, comparing_gifts
from ledger.comparing_words import JOB_WORDS, KIND_WORDS, MONEY_KINDS, job_words, kind_words, side_text
from orders.services.reconciling import CHECKS
from orders.services.reconciling_lots import CHECKS as LOT_CHECKS


def test_every_comparison_has_words():
    assert set(JOB_WORDS) == set(comparing.JOBS)
    assert job_words("new_one") == "new_one"


def test_every_question_has_words_for_what_it_finds():
    modules = (comparing, comparing_bills, comparing_gifts)
    texts = [text for module in modules for text in vars(module).values() if isinstance(text, str)]
    questions = [text for text in texts if "UNION ALL" in text]
    asked = {kind for text in questions for kind in re.findall(r"SELECT '([a-z_]+[a-z])',", text)}
    asked -= {"payment", "refund"}  # columns of a list, not kinds
    asked |= {
        kind
        for module in modules
        for kind in re.findall(r"Difference\(\s*\"([a-z_]+)\"", inspect.getsource(module))
    }

    assert len(asked) > 50
    assert {"tally_altered", "owed"} <= asked
    assert (asked | set(CHECKS) | set(LOT_CHECKS)) - set(KIND_WORDS) == set()
    assert kind_words("new_kind") == "new_kind"


@pytest.mark.parametrize(
    ("kind", "said", "shown"),
    [
        ("payment_amount", "6800", "¥68.00"),
        ("gift_paid", "-5", "−¥0.05"),
        ("units_in_parcels", "3", "3"),
        ("file_missing", "photos/a/b.webp", "photos/a/b.webp"),
        ("book_total", "no number", "no number"),
    ],
)
def test_fen_are_shown_as_yuan_and_pieces_as_they_are(kind, said, shown):
    assert side_text(kind, said) == shown
    assert (kind in MONEY_KINDS) == (kind in {"payment_amount", "gift_paid", "book_total"})
