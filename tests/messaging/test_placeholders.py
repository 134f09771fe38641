"""Places in a text that are filled for each recipient."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.texts.parts import replaced
from messaging.texts.placeholders import MissingValue, broken, fill, names_in, outside


def test_names_are_told_once_and_capitals_do_not_count():
    assert names_in("{{ Name }}, {{name}} {{  first   name }} {{code}}") == ("Name", "first   name", "code")


def test_a_text_is_filled():
    assert fill("Hello {{ First  Name }}{{code}}!", {"first name": "Noor", "code": "7"}) == "Hello Noor7!"


@pytest.mark.parametrize("values", [{}, {"name": ""}])
def test_a_place_without_a_value_is_told(values):
    with pytest.raises(MissingValue) as missing:
        fill("Hello {{ Name }}", values)
    assert missing.value.name == "Name"


def test_a_value_is_never_a_place_itself():
    assert fill("{{ a }}", {"a": "{{ b }}", "b": "no"}) == "{{ b }}"


@pytest.mark.parametrize("text", ["{{ name", "name }}", "{{ }}", "{{ a {{ b }}", "{{ two\nlines }}"])
def test_braces_that_make_no_place_are_found(text):
    assert broken(text)


@pytest.mark.parametrize("text", ["", "{ name }", "{{ name }}", "a } b { c", "{{ prénom }}"])
def test_other_braces_are_left_alone(text):
    assert not broken(text)


def test_replacing_leaves_the_names_of_places_alone():
    assert outside("“{{ přezdívka }}” …", replaced) == '"{{ přezdívka }}" ...'


@given(st.text(alphabet="ab{} …"))
def test_nothing_outside_of_places_is_lost(text):
    assert outside(text, lambda part: part) == text
