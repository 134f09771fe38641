from uuid import uuid4

import pytest
from django import forms

from portal.ui.forms import FilterForm, PortalForm, TypedForm
from portal.ui.templatetags.ui import field


class NameForm(PortalForm):
    name = forms.CharField(max_length=20, help_text="As the vendor knows it.")
    note = forms.CharField(widget=forms.Textarea, required=False)
    secret = forms.CharField(widget=forms.PasswordInput, required=False, strip=False)


def filled(**values):
    return NameForm({"name": "vera", "form_key": str(uuid4()), **values})


def test_a_form_brings_a_new_key_each_time_it_is_shown():
    assert NameForm()["form_key"].value() != NameForm()["form_key"].value()


def test_a_valid_form_hands_its_key_on():
    key = uuid4()
    form = filled(form_key=str(key))
    assert form.is_valid()
    assert form.form_key == key


@pytest.mark.parametrize("key", ["", "1", "0x", "\x00"])
def test_without_a_key_nothing_is_accepted_and_the_form_says_why(key):
    form = filled(form_key=key)
    assert not form.is_valid()
    assert "nothing was changed" in form.non_field_errors()[0]


def test_names_are_composed_and_their_blanks_are_single():
    form = filled(name="  Ve\u0301ra \t Novak ")
    assert form.is_valid()
    assert form.cleaned_data["name"] == "Véra Novak"


def test_lines_of_a_note_are_kept():
    form = filled(note="one \r\ntwo\r\n")
    assert form.is_valid()
    assert form.cleaned_data["note"] == "one\ntwo"


@pytest.mark.parametrize("bad", ["a\x00b", "a\x1bb", "a\u202eb", "a\ud800b"])
def test_control_characters_are_refused(bad):
    form = filled(name=bad)
    assert not form.is_valid()
    assert "name" in form.errors


def test_a_megabyte_is_refused_in_words():
    form = filled(name="x" * 1_000_000)
    assert form.errors["name"] == ["This text is too long."]


def test_a_password_is_left_as_it_was_typed():
    form = filled(secret="  two  spaces ")
    assert form.is_valid()
    assert form.cleaned_data["secret"] == "  two  spaces "


def test_one_form_does_not_change_the_fields_of_another():
    NameForm()
    assert NameForm.base_fields["name"].to_python("  a  b ") == "a  b"


def test_an_error_and_the_help_are_tied_to_the_input():
    html = field(filled(name="")["name"])
    assert 'aria-describedby="id_name_error id_name_helptext"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html
    assert 'id="id_name_helptext"' in html


def test_a_field_without_trouble_is_not_called_invalid():
    html = field(NameForm()["name"])
    assert "aria-invalid" not in html
    assert 'aria-describedby="id_name_helptext"' in html


class Search(FilterForm):
    q = forms.CharField()
    size = forms.IntegerField()


def test_a_filter_that_is_not_understood_filters_nothing():
    assert Search({"q": " vera ", "size": "many"}).chosen() == {"q": "vera"}


@pytest.mark.parametrize("typed", ["Acme  Ltd", "acme ltd", " ACME LTD "])
def test_what_is_typed_need_not_have_its_blanks_and_capitals(typed):
    assert TypedForm({"typed": typed}, expected="Acme Ltd").is_valid()


@pytest.mark.parametrize("typed", ["", "Acme", "Acme Ltd.", "AcmeLtd"])
def test_something_else_typed_goes_no_further(typed):
    assert not TypedForm({"typed": typed}, expected="Acme Ltd").is_valid()


def test_the_question_says_what_to_type():
    assert "To go on, type: Acme Ltd" in str(TypedForm(expected="Acme Ltd"))
