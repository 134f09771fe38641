"""Which column of a file is which value: guessed from the heading, chosen by a person, read from each row."""

import unicodedata
from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop as _

from portal.bulk.models import BatchRow
from portal.bulk.registry import BatchKind, Field
from portal.ui.forms import clean_text


def guess(fields: Sequence[Field], heading: Sequence[str]) -> dict[str, int]:
    """{field: number of its column}, each column for one field at most."""
    plain = [_plain(name) for name in heading]
    found: dict[str, int] = {}
    for field in fields:
        names = {_plain(field.name), _plain(str(field.label)), *field.aliases}
        match = next((at for at, name in enumerate(plain) if name in names and at not in found.values()), None)
        if match is not None:
            found[field.name] = match
    return found


def _plain(name: str) -> str:
    """Lower case, without accents, blanks and signs."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def fill(kind: BatchKind, columns: Mapping[str, int], row: BatchRow) -> None:
    """Give a file's row its `values`, its label and identity; refuse it where a value is missing or cannot be read."""
    row.values, row.reason = {}, {}
    for field in kind.fields:
        try:
            row.values[field.name] = clean_text(_cell(row, columns.get(field.name)))
        except ValidationError as error:
            row.values[field.name] = ""
            row.refuse(str(error.message))
            return
        if field.required and not row.values[field.name]:
            row.refuse(_("“%(field)s” is empty."), field=str(field.label))
            return
    row.label = row.values.get(kind.identity, "")[:254]
    row.identity = row.label.casefold()[:254]


def _cell(row: BatchRow, at: int | None) -> str:
    return row.cells[at] if at is not None and at < len(row.cells) else ""
