"""Why a month was not closed, kept in a row: whoever reads it later reads it in the own language.

Our own sentences are kept as JSON, with a month as a day; what nobody translates (the text of an error, and what was kept
before) as plain text.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.formats import date_format

from portal.billing.meters import Blocker
from portal.billing.refusals import AboutMonth
from portal.sentences import Sentence
from portal.tenancy.refusals import Refused

Stored = dict[str, Any] | str


def of_blocker(blocker: Blocker) -> Stored:
    return blocker.text.as_json() if isinstance(blocker.text, Sentence) else str(blocker.text)


def of_refusal(refusal: Refused) -> Stored:
    if isinstance(refusal, AboutMonth) and refusal.text:
        return {"text": refusal.text, "month": refusal.month.isoformat()}
    return str(refusal)


def said(stored: Iterable[Stored]) -> list[str]:
    """The sentences, in the active language."""
    return [each if isinstance(each, str) else _said(each) for each in stored]


def _said(stored: dict[str, Any]) -> str:
    sentence = Sentence.from_json(stored)
    if month := stored.get("month"):
        return str(Sentence(sentence.text, {"month": date_format(date.fromisoformat(month), "YEAR_MONTH_FORMAT")}))
    return str(sentence)
