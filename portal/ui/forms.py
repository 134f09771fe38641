"""What every form that changes something has: a one-time key, and text that is clean before it is looked at."""

import re
import unicodedata
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# Control characters other than tab and line ends, lone surrogates, and marks that reorder the text shown.
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
# Longer text is refused by its size before any other rule reads it.
LONGEST_TEXT = 100_000


def clean_text(text: str, *, lines: bool = False) -> str:
    """`text` in NFC, trimmed, with runs of blanks as one space (with `lines`: line ends are kept, as "\\n").

    Raises ValidationError for control characters, which are never typed and break logs and vendors.
    """
    if FORBIDDEN.search(text):
        raise ValidationError(_("Remove the control characters from this text."), code="control_characters")
    text = unicodedata.normalize("NFC", text)
    if not lines:
        return " ".join(text.split())
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()


class CleanText:
    """A mixin for forms: each text field arrives normalised; passwords and choices are left as they were typed."""

    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]
    data: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if _is_text(field):
                _normalise(field)


def _is_text(field: forms.Field) -> bool:
    return isinstance(field, forms.CharField) and not isinstance(field.widget, forms.PasswordInput)


def _normalise(field: forms.Field) -> None:
    """Put our cleaning before the field's own, so that its validators see the text that will be stored."""
    to_python, lines = field.to_python, isinstance(field.widget, forms.Textarea)

    def clean_to_python(value: Any) -> Any:
        if isinstance(value, str):
            if len(value) > LONGEST_TEXT:
                raise ValidationError(_("This text is too long."), code="max_length")
            value = clean_text(value, lines=lines)
        return to_python(value)

    # Instances of a form own copies of their fields, so this reaches no other form.
    field.to_python = clean_to_python  # type: ignore[method-assign]


class FormKeyField(forms.UUIDField):
    """A hidden key. What is wrong with it is told by the form as a whole: nobody can correct a hidden field."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> UUID | None:
        try:
            return super().clean(value)
        except ValidationError:
            return None


class FormKey:
    """A mixin for forms: a hidden key, new for each form shown, that makes a double submission one operation.

    A valid form has it as `form.form_key`; whatever is promised with it is promised once. A form without one
    (an old page, a script) is refused rather than run twice.
    """

    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["form_key"] = FormKeyField(initial=uuid4)

    def full_clean(self) -> None:
        super().full_clean()  # type: ignore[misc]
        if self.is_bound and not self.cleaned_data.get("form_key"):  # type: ignore[attr-defined]
            self.add_error(  # type: ignore[attr-defined]
                None, _("This form is incomplete. Reload the page and fill it in again; nothing was changed.")
            )

    @property
    def form_key(self) -> UUID:
        return self.cleaned_data["form_key"]


class PortalForm(FormKey, CleanText, forms.Form):
    """A form that asks for a change."""


class ConfirmForm(PortalForm):
    """Nothing but the one-time key: the person has read the page and means it."""


class PortalModelForm(FormKey, CleanText, forms.ModelForm):
    """A form that asks for a change of a model's row."""


class TypedForm(CleanText, forms.Form):
    """For what cannot be taken back and hurts: beside the button, the reader types what it is about.

    `expected` is the name or the number to type, told in the question; blanks and capitals do not count.
    """

    typed = forms.CharField(
        label=_("Type this to go on"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, expected: str, label: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        self.fields["typed"].label = label or gettext("To go on, type: %(expected)s") % {"expected": expected}

    def clean_typed(self) -> str:
        typed = self.cleaned_data["typed"]
        if typed.casefold() != " ".join(self.expected.split()).casefold():
            raise ValidationError(
                gettext("This is not “%(expected)s”. Nothing was changed.") % {"expected": self.expected}, code="typed"
            )
        return typed


class FilterForm(CleanText, forms.Form):
    """A form above a list: nothing is required, and what is not understood filters nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False

    def chosen(self) -> dict[str, Any]:
        """What was chosen, without empty and invalid answers."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}
