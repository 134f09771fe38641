"""Each line of a campaign's list by itself: a message, or a line that is left out and why."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop as _

from messaging.campaigns.audience import Entry, entries
from messaging.models import Campaign, RejectedLine
from messaging.texts.numbers import HOME, BadNumber, Number, normalise
from messaging.texts.parts import Measure, measure, replaced
from messaging.texts.placeholders import MissingValue, fill, key_of, names_in
from portal.sentences import Sentence
from portal.ui.forms import clean_text

Kind = RejectedLine.Kind
LONGEST_SHOWN = 100


class PlannedLine(NamedTuple):
    """As it goes to PostgreSQL. `kind` is "" for a message, else of `RejectedLine`; `text` "" is the campaign's own."""

    seq: int
    line: int
    value: str
    number: str = ""
    country: str = ""
    text: str = ""
    parts: int = 0
    encoding: str = ""
    forcing: str | None = None
    kind: str = ""
    reason: str = "{}"


class _TextNotPossible(Exception):
    def __init__(self, text: str, /, **values: object) -> None:
        self.sentence = Sentence(text, values)


class Writer:
    """What is sent to each. `longest` is the most characters that the vendor takes, `countries` those allowed besides HOME."""

    def __init__(self, campaign: Campaign, *, longest: int, countries: list[str]) -> None:
        self._campaign, self._longest, self._countries = campaign, longest, frozenset([HOME, *countries])
        self._keys = frozenset(key_of(name) for name in names_in(campaign.text))
        self._plain = bool(campaign.audience.get("plain"))
        self._own = measure(campaign.text)

    def lines(self) -> Iterator[PlannedLine]:
        for seq, entry in enumerate(entries(self._campaign, self._keys)):
            try:
                number = normalise(entry.number, self._countries)
                text, measured = self._written(entry)
            except BadNumber as refusal:
                yield _left_out(seq, entry, refusal.kind, refusal.sentence)
            except _TextNotPossible as refusal:
                yield _left_out(seq, entry, Kind.TEXT, refusal.sentence)
            else:
                yield _message(seq, entry, number, text, measured)

    def _written(self, entry: Entry) -> tuple[str, Measure]:
        """The text of its own that this recipient gets ("" for the campaign's), and how long it is."""
        text, measured = "", self._own
        if self._keys:
            text = self._filled(entry)
            measured = measure(text)
        if measured.characters > self._longest:
            raise _TextNotPossible(
                _("The text has %(characters)s characters for this recipient; at most %(most)s can be sent."),
                characters=measured.characters,
                most=self._longest,
            )
        return text, measured

    def _filled(self, entry: Entry) -> str:
        try:
            text = fill(self._campaign.text, {key: _clean(value) for key, value in entry.values.items()})
        except MissingValue as missing:
            raise _TextNotPossible(_("There is nothing to fill “%(name)s” with."), name=missing.name) from None
        except ValidationError:
            raise _TextNotPossible(_("A value holds control characters.")) from None
        return replaced(text) if self._plain else text


def _clean(value: str) -> str:
    return " ".join(value.split()) if value.isascii() and value.isprintable() else clean_text(value)


def _message(seq: int, entry: Entry, number: Number, text: str, measured: Measure) -> PlannedLine:
    return PlannedLine(
        seq,
        entry.line,
        entry.number[:LONGEST_SHOWN],
        number.e164,
        number.country,
        text,
        measured.parts,
        measured.encoding,
        "".join(measured.forcing) or None,
    )


def _left_out(seq: int, entry: Entry, kind: str, why: Sentence) -> PlannedLine:
    return PlannedLine(seq, entry.line, entry.number[:LONGEST_SHOWN], kind=str(kind), reason=json.dumps(why.as_json()))
