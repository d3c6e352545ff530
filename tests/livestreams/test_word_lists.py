"""Blocked words: the market's, the shop's, found in bounded time, known everywhere at once."""

import random
import time

import pytest
from django.core.cache import cache

from common.errors import Invalid, NotAllowed, NotFound
from common.models import AuditEntry
from livestreams.errors import BlockedWords
from livestreams.models import BlockedWord, ChatMessage
from livestreams.selectors import words as word_selectors
from livestreams.selectors.words import reaction_to
from livestreams.services.blocking import MOST, add_words, remove_word
from livestreams.services.chatting import post_message
from livestreams.statuses import MessageStatus
from livestreams.wordlists import WordList
from tests.factories.livestreams import NOW
from tests.factories.shops import make_person, make_shop


def test_one_word_in_any_spelling_is_one_row(market, mei):
    add_words(actor=mei, shop_id=market.shop.pk, lines="骗子\n騙　子\n", reaction="hold", now=NOW)
    add_words(actor=mei, shop_id=market.shop.pk, lines="騙子", reaction="refuse", now=NOW)

    word = BlockedWord.objects.get()
    assert (word.text, word.folded, word.reaction) == ("騙子", "骗子", "refuse")
    assert AuditEntry.objects.filter(action="livestreams.block_words").count() == 2


@pytest.mark.parametrize("lines", ["", " \n ", "！！！", "🍎", "长" * 41, "x\n" * 0 + "￥"])
def test_what_cannot_be_compared_is_refused(market, mei, lines):
    with pytest.raises(Invalid):
        add_words(actor=mei, shop_id=market.shop.pk, lines=lines, reaction="hold", now=NOW)

    assert not BlockedWord.objects.exists()


def test_only_who_keeps_a_list_changes_it(market, mei, zhuoma, arun, operator):
    for person in (zhuoma, arun):
        with pytest.raises(NotFound):
            add_words(actor=person, shop_id=market.shop.pk, lines="假货", reaction="hold", now=NOW)
    with pytest.raises(NotAllowed):
        add_words(actor=mei, shop_id=None, lines="假货", reaction="hold", now=NOW)
    add_words(actor=operator, shop_id=None, lines="假货", reaction="hold", now=NOW)
    with pytest.raises(NotFound):
        remove_word(actor=mei, shop_id=market.shop.pk, word_id=BlockedWord.objects.get().pk, now=NOW)

    assert BlockedWord.objects.get().shop_id is None


def test_a_list_has_an_end(market, mei, monkeypatch):
    monkeypatch.setitem(MOST, "shop", 2)

    add_words(actor=mei, shop_id=market.shop.pk, lines="一号\n二号", reaction="hold", now=NOW)
    add_words(actor=mei, shop_id=market.shop.pk, lines="二号", reaction="refuse", now=NOW)
    with pytest.raises(Invalid):
        add_words(actor=mei, shop_id=market.shop.pk, lines="三号", reaction="hold", now=NOW)

    assert BlockedWord.objects.count() == 2


def test_words_of_market_and_shop_count_in_its_rooms_only(session, market, mei, operator, arun):
    other = make_shop(
        owner=make_person(name="外人", phone="13800000077"), village=market.village, name="别家"
    )
    add_words(actor=operator, shop_id=None, lines="假货", reaction="refuse", now=NOW)
    add_words(actor=mei, shop_id=market.shop.pk, lines="太贵", reaction="hold", now=NOW)

    with pytest.raises(BlockedWords):
        post_message(author=arun, session_id=session.pk, text="是　假·貨 吗", now=NOW)
    held = post_message(author=arun, session_id=session.pk, text="太貴了", now=NOW)

    assert ChatMessage.objects.get() == held
    assert (held.status, held.held_reason) == (MessageStatus.HELD, "word")
    assert reaction_to("太贵", shop_id=other.pk) == ""
    assert reaction_to("假货", shop_id=other.pk) == "refuse"


def test_the_crew_is_not_held_but_refused_what_is_refused(session, market, mei, zhuoma, operator):
    add_words(actor=mei, shop_id=market.shop.pk, lines="太贵", reaction="hold", now=NOW)
    add_words(actor=operator, shop_id=None, lines="假货", reaction="refuse", now=NOW)

    said = post_message(author=zhuoma, session_id=session.pk, text="太贵？看 www.example.com", now=NOW)
    with pytest.raises(BlockedWords):
        post_message(author=zhuoma, session_id=session.pk, text="假货", now=NOW)

    assert said.status == MessageStatus.VISIBLE


@pytest.mark.django_db(transaction=True)
def test_a_change_counts_at_once_and_an_unchanged_list_is_not_read_again(
    market, mei, valkey, django_assert_num_queries
):
    shop_id = market.shop.pk
    add_words(actor=mei, shop_id=shop_id, lines="假货", reaction="hold", now=NOW)
    assert reaction_to("假货", shop_id=shop_id) == "hold"
    with django_assert_num_queries(0):
        assert reaction_to("假货", shop_id=shop_id) == "hold"

    remove_word(actor=mei, shop_id=shop_id, word_id=BlockedWord.objects.get().pk, now=NOW)

    assert reaction_to("假货", shop_id=shop_id) == ""


@pytest.mark.django_db(transaction=True)
def test_a_flushed_valkey_costs_one_reading(market, mei, valkey, django_assert_num_queries):
    add_words(actor=mei, shop_id=market.shop.pk, lines="假货", reaction="hold", now=NOW)
    reaction_to("x", shop_id=market.shop.pk)

    valkey.flushall()

    with django_assert_num_queries(2):
        assert reaction_to("假货", shop_id=market.shop.pk) == "hold"


def test_without_valkey_words_are_still_found(market, mei, monkeypatch):
    add_words(actor=mei, shop_id=market.shop.pk, lines="假货", reaction="hold", now=NOW)

    def away(*arguments, **options):
        raise OSError("away")

    monkeypatch.setattr(cache, "get_many", away)
    monkeypatch.setattr(word_selectors, "_compiled", type(word_selectors._compiled)())

    assert reaction_to("假货", shop_id=market.shop.pk) == "hold"


def test_five_thousand_words_are_one_quick_pass():
    chance = random.Random(7)
    letters = [chr(code) for code in range(0x4E00, 0x9FA5)]
    words = ["".join(chance.choices(letters, k=chance.randint(2, 8))) for _ in range(5000)]
    # The worst there is: as many words of different lengths as fit that all begin like the line itself.
    worst = ["的" * length for length in range(2, 40)]
    compiled = WordList([(word, "hold") for word in words + worst[20:]])
    line = "的" * 20 + "".join(chance.choices(letters, k=180))

    began = time.perf_counter()
    for _ in range(100):
        assert compiled.reaction_to(line) == ""
    each = (time.perf_counter() - began) / 100

    assert compiled.reaction_to(line + words[77]) == "hold"
    # A bound against a loop over all words (which takes 5000 looks a line), not a measurement.
    assert each < 0.02
