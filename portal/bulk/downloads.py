"""Files that people take with them: a template to fill in, and the rows that are to be mended."""

from collections.abc import Iterator
from urllib.parse import quote

from django.http import HttpResponse
from django.utils.translation import gettext as _

from portal.bulk.files import write_table
from portal.bulk.models import Batch, BatchRow
from portal.bulk.registry import BatchKind


def template_of(kind: BatchKind) -> HttpResponse:
    """The heading that is understood by itself, and one row as an example."""
    rows = [[str(field.label) for field in kind.fields], [field.example for field in kind.fields]]
    return _csv(write_table(iter(rows)), f"{kind.name.rpartition('.')[2]}.csv")


def rows_to_mend(batch: Batch) -> HttpResponse:
    """As they stood in the file, with their line and why they were not done; at most as many as a batch has."""
    return _csv(write_table(_mended(batch), batch.delimiter), f"{_('rows to mend')} {batch.pk}.csv")


def _mended(batch: Batch) -> Iterator[list[str]]:
    yield [*(batch.heading if batch.from_file else [_("What")]), _("Line"), _("Reason")]
    for row in BatchRow.objects.of(batch).to_mend().select_related("operation").order_by("line"):
        yield [*(row.cells if batch.from_file else [row.label]), str(row.line), row.why]


def _csv(text: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
