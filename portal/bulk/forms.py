"""What people fill in about bulk work: a file, which column is what, and what holds for the whole batch."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.bulk.files import MOST_BYTES, NotATable, Table, read_table
from portal.bulk.models import Batch
from portal.bulk.registry import BatchKind
from portal.tenancy.models import Tenant
from portal.ui.forms import CleanText, PortalForm

NOT_IN_FILE = ""
LONGEST_HEADING = 60


class UploadForm(PortalForm):
    """A valid one has the rows as `form.table`."""

    file = forms.FileField(
        label=_("CSV file"),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=_(
            "Columns divided by comma, semicolon or tab; the first line is the heading. At most 10,000 rows and 5 MB."
        ),
        error_messages={"empty": _("The file is empty.")},
    )
    table: Table

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        try:
            self.table = read_table(file.read(MOST_BYTES + 1))
        except NotATable as refusal:
            raise ValidationError(str(refusal), code="no_table") from refusal
        return file


class OptionsForm(CleanText, forms.Form):
    """What is asked once for a whole batch. Its answers are kept as JSON with the batch."""

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant

    def options_json(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class ColumnsForm(PortalForm):
    """Which column of the file is which value. A batch of chosen rows has none to tell, and the key alone."""

    def __init__(self, *args: Any, kind: BatchKind, batch: Batch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = {f"column_{field.name}": field for field in kind.fields}
        choices = [(str(at), _heading(name, at)) for at, name in enumerate(batch.heading)]
        for name, field in self.names.items():
            first = (NOT_IN_FILE, _("Choose a column") if field.required else _("Not in the file"))
            self.fields[name] = forms.ChoiceField(
                label=field.label,
                help_text=field.help_text,
                required=field.required,
                choices=[first, *choices],
                initial=str(batch.columns.get(field.name, NOT_IN_FILE)),
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        used: set[str] = set()
        for name in self.names:
            at = cleaned.get(name)
            if at and at in used:
                self.add_error(name, _("This column is used for another value already."))
            used.add(at or "")
        return cleaned

    @property
    def columns(self) -> dict[str, int]:
        """{field: number of its column}."""
        chosen = {field.name: self.cleaned_data[name] for name, field in self.names.items()}
        return {name: int(at) for name, at in chosen.items() if at}


def _heading(name: str, at: int) -> str:
    return name[:LONGEST_HEADING] or str(_("Column %(number)s, without a heading") % {"number": at + 1})


def options_form(kind: BatchKind, batch: Batch, data: Mapping[str, Any] | None) -> OptionsForm | None:
    return kind.options(data, tenant=batch.tenant, initial=batch.options) if kind.options else None
