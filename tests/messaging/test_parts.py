"""How long an SMS is: alphabets, parts, and what is never divided between two of them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.texts.parts import ALONE, BASIC, EXTENSION, GSM, JOINED, UCS2, measure, replaced, split_widths

gsm_texts = st.text(alphabet=BASIC + EXTENSION, max_size=500)
any_texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300)


@pytest.mark.parametrize(
    ("text", "encoding", "characters", "parts"),
    [
        ("", GSM, 0, 1),
        ("a" * 160, GSM, 160, 1),
        ("a" * 161, GSM, 161, 2),
        ("a" * 306, GSM, 306, 2),
        ("a" * 307, GSM, 307, 3),
        ("€" * 80, GSM, 160, 1),
        ("€" * 81, GSM, 162, 2),
        # 153 holds 76 pairs, not 76 and a half.
        ("€" * 152, GSM, 304, 2),
        ("€" * 153, GSM, 306, 3),
        ("a" + "€" * 152, GSM, 305, 2),
        ("ç" * 70, UCS2, 70, 1),
        ("ç" * 71, UCS2, 71, 2),
        ("ç" * 134, UCS2, 134, 2),
        ("ç" * 135, UCS2, 135, 3),
        ("😀" * 35, UCS2, 70, 1),
        ("😀" * 36, UCS2, 72, 2),
        # 67 holds 33 pairs.
        ("😀" * 66, UCS2, 132, 2),
        ("😀" * 67, UCS2, 134, 3),
        ("Ç^{}\\[~]|\f", GSM, 19, 1),
        ("{€}" + "ç", UCS2, 4, 1),
    ],
)
def test_a_text_is_measured(text, encoding, characters, parts):
    measured = measure(text)
    assert (measured.encoding, measured.characters, measured.parts) == (encoding, characters, parts)


def test_the_alphabet_is_that_of_the_standard():
    assert len(set(BASIC)) == 127
    assert len(set(EXTENSION)) == 10
    assert not set(BASIC) & set(EXTENSION)


@pytest.mark.parametrize("character", "ç`“”‘’–—…êÊ\tŁ😀ё中")
def test_what_is_outside_of_the_alphabet_is_named(character):
    assert measure(f"Hello {character} {character}").forcing == (character,)


@given(any_texts)
def test_the_encoding_and_its_size_are_those_of_the_text(text):
    measured = measure(text)
    if measured.encoding == GSM:
        assert set(text) <= set(BASIC + EXTENSION)
        assert measured.characters == sum(2 if each in EXTENSION else 1 for each in text)
    else:
        assert measured.characters == len(text.encode("utf-16-be")) // 2
        assert set(measured.forcing) == set(text) - set(BASIC + EXTENSION) != set()


@given(st.one_of(gsm_texts, any_texts))
def test_parts_hold_the_text_and_no_fewer_could(text):
    measured = measure(text)
    if measured.characters <= ALONE[measured.encoding]:
        assert measured.parts == 1
        return
    capacity = JOINED[measured.encoding]
    assert measured.characters <= measured.parts * capacity
    # A part ends at most one short, before a pair.
    assert (measured.parts - 1) * (capacity - 1) < measured.characters


@given(st.lists(st.sampled_from([1, 2]), min_size=1), st.integers(min_value=2, max_value=20))
def test_a_pair_is_never_divided(widths, capacity):
    used = split_widths(widths, capacity)
    assert sum(used) == sum(widths)
    assert max(used) <= capacity
    left = list(widths)
    for size in used:
        while size > 0:
            size -= left.pop(0)
        assert size == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Hello” – it’s…", '"Hello" - it\'s...'),
        ("Façade, crème brûlée", "Facade, crème brulée"),
        ("Łódź œuvre", "Lódz oeuvre".replace("ó", "o")),
        ("a\u00a0b\u200bc", "a bc"),
        ("e\u0301 n\u0303 c\u0327", "é ñ c"),
        ("½ ﬁ ™", "1/2 fi TM"),
        ("€ [x] ok 😀 中", "€ [x] ok 😀 中"),
    ],
)
def test_characters_are_replaced_by_the_nearest(text, expected):
    assert replaced(text) == expected


@given(any_texts)
def test_replacing_leaves_what_is_in_the_alphabet_and_has_nothing_left_to_do(text):
    once = replaced(text)
    assert replaced(once) == once
    assert set(measure(once).forcing) <= set(unicodedata.normalize("NFC", text))


@given(gsm_texts)
def test_a_text_of_the_alphabet_stays_as_it_is(text):
    assert replaced(text) == text
