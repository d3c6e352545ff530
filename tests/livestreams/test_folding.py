"""Words are compared without regard to script, width, case and what stands in between."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestreams.folding import fold, fold_with_places, simplified
from livestreams.statuses import WordReaction
from livestreams.wordlists import WordList

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=6)
LATIN = st.text("abcdefghijklmnopqrstuvwxyz", min_size=5, max_size=12)
BETWEEN = st.sampled_from(
    [" ", "　", ".", "*", "-", "\u200b", "\u200d", "\u2060", "\u3164", "🌾", "_", "·", "́"]
)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("ＳＰＡＭ", "spam"),
        ("s.p-a*m", "spam"),
        ("s\u200bp\u2060a\u00adm", "spam"),
        ("Ѕрам", "spam"),  # Cyrillic
        ("🅂🅿🅰🅼", "spam"),
        ("𝓢𝓹𝓪𝓶", "spam"),
        ("ⓢⓟⓐⓜ", "spam"),
        ("s̷p̷a̷m̷", "spam"),
        ("ꜱᴘᴀᴍ", "spam"),
        ("騙　子", "骗子"),
        ("臺灣", "台湾"),
        ("後面乾淨", "后面干净"),
        ("一三八 零零 壹③八❹", "138001384"),
        ("加V ❶３八", "加v138"),
        ("བཀྲ་ཤིས", "བཀྲཤིས"),
        ("ｶﾞ", "ガ"),
        ("！？…　\n", ""),
    ],
)
def test_spellings_of_a_word(typed, folded):
    assert fold(typed) == unicodedata.normalize("NFKD", folded)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_line_folds_piece_by_piece(first, second):
    assert fold(first + second) == fold(first) + fold(second)


@given(st.text(max_size=60))
def test_each_folded_character_knows_its_place(text):
    folded, places = fold_with_places(text)

    assert folded == fold(text)
    assert len(places) == len(folded)
    assert places == sorted(places)
    assert all(fold(text[place]) for place in places)


@given(st.text(max_size=60))
def test_only_letters_digits_and_their_marks_are_left(text):
    assert {unicodedata.category(char)[0] for char in fold(text)} <= {"L", "N", "M"}


def test_every_variant_meets_its_simplified_character():
    assert len(simplified()) > 4000
    assert all(fold(variant) == fold(plain) for variant, plain in simplified().items())


@given(st.one_of(HAN, LATIN), st.data())
def test_what_stands_between_hides_no_word(word, data):
    spread = word[0] + "".join(data.draw(BETWEEN) + char for char in word[1:])

    assert WordList([(word, WordReaction.HOLD)]).reaction_to(f"看！{spread}。") == WordReaction.HOLD


@given(st.sampled_from(sorted(simplified())), st.sampled_from(sorted(simplified())))
def test_a_word_is_found_in_either_script(first, second):
    plain = simplified()[first] + simplified()[second]

    assert WordList([(plain, WordReaction.REFUSE)]).reaction_to(first + second) == WordReaction.REFUSE
    assert WordList([(first + second, WordReaction.REFUSE)]).reaction_to(plain) == WordReaction.REFUSE


@given(LATIN)
def test_width_and_case_hide_no_word(word):
    wide = "".join(chr(ord(char) - 0x20 + 0xFEE0) for char in word)

    words = WordList([(word, WordReaction.HOLD)])

    assert words.reaction_to(wide) == words.reaction_to(word.upper()) == WordReaction.HOLD


@pytest.mark.parametrize(
    ("word", "line", "is_found"),
    [
        ("ass", "first class barley", False),
        ("ass", "what an ass!", True),
        ("ass", "a.s.s", True),
        ("64", "since 1964", False),
        ("64", "六四", True),
        ("casino", "bigcasino888", True),
        ("赌博", "来赌　博", True),
        ("赌博", "赌一把，博一次", False),
    ],
)
def test_short_latin_words_and_numbers_count_alone(word, line, is_found):
    assert bool(WordList([(word, WordReaction.HOLD)]).reaction_to(line)) is is_found


def test_the_stronger_reaction_counts():
    words = WordList([("假货", "hold"), ("骗子", "refuse"), ("騙子", "hold"), ("！", "refuse")])

    assert len(words) == 2
    assert words.reaction_to("假货，骗子") == "refuse"
    assert words.reaction_to("是假货吗") == "hold"
    assert words.reaction_to("真好吃") == ""
