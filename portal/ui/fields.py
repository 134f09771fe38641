"""Form fields in our look: classes by kind of input, and help and errors that a screen reader finds."""

from typing import Any

from django import forms
from django.forms import BoundField
from django.forms.renderers import DjangoTemplates
from django.template.loader import get_template, render_to_string
from django.utils.safestring import SafeString


class FormRenderer(DjangoTemplates):
    """`{{ form }}` and `{{ form.name.as_field_group }}` in our look; widgets and the admin stay Django's own."""

    form_template_name = "ui/form.html"
    field_template_name = "ui/field.html"

    def get_template(self, template_name: str) -> Any:
        return get_template(template_name) if template_name.startswith("ui/") else super().get_template(template_name)


def kind_of(bound: BoundField) -> str:
    """ "check", "choices" (a group that wants a fieldset), "select", "file" or "input"."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, forms.Select):
        return "select"
    return "input"


def render_control(bound: BoundField) -> SafeString:
    css = {"check": "form-check-input", "choices": "pb-choices", "select": "form-select"}.get(
        kind_of(bound), "form-control"
    )
    own = bound.field.widget.attrs.get("class", "")
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, [css, own, "is-invalid" if bound.errors else ""]))}
    described = described_by(bound)
    if described:
        attrs["aria-describedby"] = described
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return bound.as_widget(attrs=attrs)


def described_by(bound: BoundField) -> str:
    """The ids of the field's error and help, the error first: it is what the reader came for."""
    own = str(bound.field.widget.attrs.get("aria-describedby", ""))
    error = f"{bound.auto_id}_error" if bound.errors else ""
    help_text = f"{bound.auto_id}_helptext" if bound.help_text else ""
    return " ".join(filter(None, [error, help_text, own]))


def render_field(bound: BoundField, *, label: str = "", help_text: str = "") -> SafeString:
    if label:
        bound.label = label
    if help_text:
        bound.help_text = help_text
    return render_to_string("ui/field.html", {"field": bound})
