"""The filters above the statements."""

import re
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.billing.models import Statement
from portal.ui.forms import FilterForm

# "2026-0007", or the part after the year.
NUMBER = re.compile(r"(?:(?P<year>[0-9]{4})-)?0*(?P<sequence>[0-9]{1,9})")
FIRST_YEAR = 2000


class StatementFilter(FilterForm):
    q = forms.CharField(label=_("Number"), max_length=20, widget=forms.TextInput(attrs={"type": "search"}))
    year = forms.IntegerField(label=_("Year"), min_value=FIRST_YEAR, max_value=9_998, widget=forms.NumberInput)
    corrections = forms.BooleanField(label=_("With corrections"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].widget.attrs["placeholder"] = timezone.now().year

    def narrow(self, statements: QuerySet[Statement]) -> QuerySet[Statement]:
        chosen = self.chosen()
        if text := chosen.get("q"):
            statements = _numbered(statements, text)
        if year := chosen.get("year"):
            statements = statements.filter(month__year=year)
        if chosen.get("corrections"):
            statements = statements.filter(corrects=True)  # type: ignore[misc]
        return statements


def _numbered(statements: QuerySet[Statement], text: str) -> QuerySet[Statement]:
    match = NUMBER.fullmatch(text.replace(" ", ""))
    if match is None:
        return statements.none()
    found = statements.filter(sequence=int(match["sequence"]))
    return found.filter(month__year=match["year"]) if match["year"] else found
