"""To whom a campaign goes (pasted numbers, a file with columns, contacts, one number), and reading that line by line.

`Campaign.audience` says which: {"source": "numbers" | "single"}, {"source": "file", "delimiter", "heading", "headless",
"column"} or {"source": "contacts", "groups", "tags", "everybody"}; `lines` is how many there were when it was given, `plain`
that characters outside the GSM alphabet are replaced. Numbers and files themselves are in its `AudienceFile`.
"""

import io
import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from messaging.models import MOST_RECIPIENTS, AudienceFile, Campaign, Contact, GroupMember
from messaging.texts.numbers import BadNumber, Kind, normalise
from messaging.texts.placeholders import key_of
from portal.bulk import files
from portal.bulk.files import Bounds, NotATable

BOUNDS = Bounds(bytes=15_000_000, rows=MOST_RECIPIENTS)
# Between numbers that were pasted; blanks stand within them.
BETWEEN = re.compile(r"[,;\t]")
LOOKED_AT = 50
CONTACTS_AT_ONCE = 5_000
PIECE = 65_536
HEADINGS = {
    "number", "mobile", "mobilenumber", "phone", "phonenumber", "telephone", "telephonenumber", "tel", "cell", "cellphone",
    "gsm", "gsmnumber", "msisdn", "recipient", "to", "nummer", "mobiel", "mobielnummer", "mobielenummer", "telefoon",
    "telefoonnummer", "gsmnummer", "ontvanger", "06nummer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list: the number as it was given, and values by `key_of` their names."""

    line: int
    number: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Audience:
    """`told` is for `Campaign.audience`; `content` for an `AudienceFile` called `name`, None where there is nothing to keep."""

    told: dict[str, Any]
    content: bytes | None = None
    name: str = ""


@dataclass(frozen=True)
class _File:
    """How a file is read: what its columns are called, and whether its first row is a heading or a recipient already."""

    delimiter: str
    heading: list[str]
    headless: bool
    rows: int = 0
    sample: list[list[str]] = field(default_factory=list)


# --- Given ------------------------------------------------------------------------------------------------------------


def of_numbers(text: str, source: str = "numbers") -> Audience:
    """Numbers divided by line ends, commas, semicolons or tabs. Raises NotATable for none and for too many."""
    content = zlib.compress(text.encode())
    count = sum(1 for _entry in islice(_numbers(content), MOST_RECIPIENTS + 1))
    if not count:
        raise NotATable(_("There is no number."))
    if count > MOST_RECIPIENTS:
        raise NotATable(_("These are more than %(most)s numbers. Divide them.") % {"most": MOST_RECIPIENTS})
    return Audience({"source": source, "lines": count}, content)


def of_file(raw: bytes, name: str) -> Audience:
    """A CSV file, read whole once. Raises NotATable. The column of the numbers is None where it cannot be told."""
    text = files.read_text(raw, BOUNDS)
    content = zlib.compress(text.encode())
    found = _looked_through(content, files.guess_delimiter(text))
    told = {
        "source": "file",
        "delimiter": found.delimiter,
        "heading": found.heading,
        "headless": found.headless,
        "column": _column_of_numbers(found),
        "lines": found.rows,
    }
    return Audience(told, content, name[:200])


def of_contacts(groups: Collection[int], tags: Collection[str], everybody: bool) -> Audience:
    """Contacts in one of the groups or with one of the tags, or all of them. Raises NotATable where there are none."""
    told = {"source": "contacts", "groups": sorted(groups), "tags": sorted(tags), "everybody": everybody}
    count = contacts_of(told).count()
    if not count:
        raise NotATable(_("No contact is in these groups or has these tags."))
    return Audience({**told, "lines": count})


def _looked_through(content: bytes, delimiter: str) -> _File:
    records = files.read_records(_opened(content), delimiter)
    line, first = next(records, (0, []))
    width = files.check_heading(first, BOUNDS)
    headless = any(_is_number(cell) for cell in first)
    names = [_("Column %(number)s") % {"number": at} for at in range(1, width + 1)] if headless else first
    found, rows = _File(delimiter, [cell.strip() for cell in names], headless), 0
    for _line, cells in files.bounded(chain([(line, first)] if headless else [], records), width, BOUNDS):
        rows += 1
        if rows <= LOOKED_AT:
            found.sample.append(cells)
    if not rows:
        raise NotATable(_("The file has a heading and no rows below it."))
    return replace(found, rows=rows)


def _column_of_numbers(found: _File) -> int | None:
    """By what it is called, else by what stands in it."""
    named = [at for at, name in enumerate(found.heading) if re.sub(r"[^a-z0-9]", "", name.casefold()) in HEADINGS]
    if len(named) == 1:
        return named[0]
    counted = [sum(_is_number(row[at]) for row in found.sample) for at in range(len(found.heading))]
    best = max(counted)
    return counted.index(best) if best * 2 > len(found.sample) and counted.count(best) == 1 else None


def _is_number(cell: str) -> bool:
    try:
        normalise(cell)
    except BadNumber as refusal:
        return refusal.kind == Kind.COUNTRY
    return True


# --- Read -------------------------------------------------------------------------------------------------------------


def names_of(told: Mapping[str, Any]) -> list[str] | None:
    """What places of the text can be filled with; None where that differs from contact to contact."""
    match told.get("source"):
        case "file":
            return [name for at, name in enumerate(told["heading"]) if at != told.get("column") and name]
        case "contacts":
            return None
        case _:
            return []


def entries(campaign: Campaign, wanted: Collection[str]) -> Iterator[Entry]:
    """The campaign's list, line by line, with the values of those keys that are `wanted`."""
    told = campaign.audience
    match told.get("source"):
        case "file":
            return _rows(_content(campaign), told, wanted)
        case "contacts":
            return _contacts(told, wanted)
        case _:
            return _numbers(_content(campaign))


def contacts_of(told: Mapping[str, Any]) -> QuerySet[Contact]:
    if told.get("everybody"):
        return Contact.objects.all()
    places = GroupMember.objects.filter(contact=OuterRef("pk"), group__in=told.get("groups", []))
    return Contact.objects.filter(Q(Exists(places)) | Q(tags__overlap=list(told.get("tags", []))))


def _content(campaign: Campaign) -> bytes:
    return bytes(AudienceFile.objects.values_list("content", flat=True).get(campaign=campaign))


def _numbers(content: bytes) -> Iterator[Entry]:
    for line, text in enumerate(_opened(content, newline=None), 1):
        for piece in BETWEEN.split(text):
            if number := piece.strip():
                yield Entry(line, number, {})


def _rows(content: bytes, told: Mapping[str, Any], wanted: Collection[str]) -> Iterator[Entry]:
    records = files.read_records(_opened(content), told["delimiter"])
    if not told["headless"]:
        next(records)
    column, width, places = told["column"], len(told["heading"]), _places(told["heading"], wanted)
    for line, cells in files.bounded(records, width, BOUNDS):
        yield Entry(line, cells[column], {key: cells[at] for key, at in places})


def _places(heading: Sequence[str], wanted: Collection[str]) -> list[tuple[str, int]]:
    """(key, column) of what is wanted; of columns that are called alike, the first."""
    keys = [key_of(name) for name in heading]
    return [(key, keys.index(key)) for key in wanted if key in keys]


def _contacts(told: Mapping[str, Any], wanted: Collection[str]) -> Iterator[Entry]:
    rows, last, line = contacts_of(told).order_by("pk"), 0, 0
    while some := list(rows.filter(pk__gt=last).values_list("pk", "number", "name", "values")[:CONTACTS_AT_ONCE]):
        for _pk, number, name, values in some:
            line += 1
            yield Entry(line, number, _values_of(name, values) if wanted else {})
        last = some[-1][0]


def _values_of(name: str, values: Mapping[str, Any]) -> dict[str, str]:
    return {"name": name, **{key_of(key): str(value) for key, value in values.items()}}


# --- Kept -------------------------------------------------------------------------------------------------------------


def text_of(campaign: Campaign, most: int) -> str:
    """The beginning of the list as it was given, at most `most` characters of it."""
    return _opened(_content(campaign)).read(most)


def _opened(content: bytes, newline: str | None = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(_Inflated(content), PIECE), "utf-8", newline=newline)


class _Inflated(io.RawIOBase):
    """What was compressed, a piece at a time: a large file is never in memory whole."""

    def __init__(self, content: bytes) -> None:
        self._inflater, self._content, self._at = zlib.decompressobj(), memoryview(content), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = b""
        while not piece and not self._inflater.eof:
            piece = self._inflater.decompress(self._inflater.unconsumed_tail or self._next(), len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def _next(self) -> bytes:
        self._at += PIECE
        return bytes(self._content[self._at - PIECE : self._at])
