"""The first sheet of an XLSX file, read with nothing but its values: bounded, without entities, without formulas.

Written here because what is uploaded is hostile until it is proven otherwise, and little of the format is needed.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from math import isfinite
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile
from zlib import error as ZlibError

from django.utils.translation import gettext as _

from portal.billing.invoices.numbers import Cell
from portal.bulk.files import LONGEST_CELL, MOST_BYTES, MOST_COLUMNS, NotATable

# Unpacked, of each part that is read. What a part says of its own size is not believed.
MOST_UNPACKED = 8_000_000
PIECE = 65_536
MOST_PARTS = 500
MOST_ROWS_READ = 5_000
HIGHEST_ROW = 1_048_576
UNREADABLE = (BadZipFile, ZlibError, EOFError, ParseError, RuntimeError, OSError, KeyError, ValueError)
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
LETTERS = re.compile(r"([A-Z]{1,3})[0-9]+")
DIRECTORY = "xl/"


def read_workbook(raw: bytes) -> Iterator[tuple[int, list[Cell]]]:
    """(number from 1, cells) of each row that has something in it. Raises NotATable, also while it is read."""
    if len(raw) > MOST_BYTES:
        raise NotATable(
            _("The file is larger than %(most)s MB. Divide it into several.") % {"most": MOST_BYTES // 10**6}
        )
    try:
        with ZipFile(BytesIO(raw)) as archive:
            yield from _rows(archive)
    except UNREADABLE as error:
        raise NotATable(_("The file cannot be read as a spreadsheet. Save it as XLSX or CSV again.")) from error


def _rows(archive: ZipFile) -> Iterator[tuple[int, list[Cell]]]:
    if len(archive.infolist()) > MOST_PARTS:
        raise BadZipFile
    texts = list(_shared_texts(archive))
    for rows, row in enumerate(_elements(archive, _first_sheet(archive), "row"), start=1):
        if rows > MOST_ROWS_READ:
            raise NotATable(_("The sheet has more than %(most)s rows.") % {"most": MOST_ROWS_READ})
        number = min(int(row.get("r") or rows), HIGHEST_ROW)
        cells = _cells(row, number, texts)
        if any(str(cell).strip() for cell in cells):
            yield number, cells


def _first_sheet(archive: ZipFile) -> str:
    sheet = next(_elements(archive, "xl/workbook.xml", "sheet"), None)
    if sheet is None:
        raise BadZipFile
    wanted = [value for name, value in sheet.attrib.items() if _local(name) == "id"]
    for link in _elements(archive, "xl/_rels/workbook.xml.rels", "Relationship"):
        if link.get("Id") in wanted:
            target = link.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else DIRECTORY + target
    raise BadZipFile


def _shared_texts(archive: ZipFile) -> Iterator[str]:
    name = "xl/sharedStrings.xml"
    if name in archive.namelist():
        for item in _elements(archive, name, "si"):
            yield _text(item)


def _cells(row: Element, number: int, texts: list[str]) -> list[Cell]:
    found: list[Cell] = []
    for cell in row:
        if _local(cell.tag) != "c":
            continue
        place = _column(cell.get("r", "")) if cell.get("r") else len(found)
        if place >= MOST_COLUMNS:
            raise NotATable(_("The file has more than %(most)s columns.") % {"most": MOST_COLUMNS})
        found += [""] * (place - len(found))
        found[place:] = [_value(cell, number, texts)]
    return found


def _column(address: str) -> int:
    """0 for A."""
    match = LETTERS.fullmatch(address)
    if match is None:
        raise BadZipFile
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: Element, row: int, texts: list[str]) -> Cell:
    parts = {_local(part.tag): part for part in cell}
    if "f" in parts:
        raise NotATable(_("Line %(line)s has a formula. Save the file with values only.") % {"line": row})
    kind, kept = cell.get("t", "n"), (parts["v"].text or "") if "v" in parts else ""
    if kind == "inlineStr":
        kept = _text(parts["is"]) if "is" in parts else ""
    elif kind == "s":
        kept = _shared(texts, kept)
    if len(kept) > LONGEST_CELL:
        raise NotATable(
            _("Line %(line)s has a cell of more than %(most)s characters.") % {"line": row, "most": LONGEST_CELL}
        )
    return Decimal(repr(float(kept))) if kind == "n" and NUMBER.fullmatch(kept) and isfinite(float(kept)) else kept


def _shared(texts: list[str], place: str) -> str:
    if not place.isdecimal() or int(place) >= len(texts):
        raise BadZipFile
    return texts[int(place)]


def _text(item: Element) -> str:
    """Its letters, without how they are pronounced."""
    runs = (item, *(part for part in item if _local(part.tag) == "r"))
    return "".join(part.text or "" for run in runs for part in run if _local(part.tag) == "t")


# --- XML, a piece at a time -------------------------------------------------------------------------------------------


def _elements(archive: ZipFile, name: str, wanted: str) -> Iterator[Element]:
    """Every `wanted` element of a part; each is gone when the next one is asked for."""
    parser: XMLPullParser[Any] = XMLPullParser(["start", "end"])
    depth: list[Element] = []
    for piece in _pieces(archive, name):
        parser.feed(piece)
        events: Iterator[Any] = parser.read_events()
        for happened, element in events:
            if happened == "start":
                depth.append(element)
                continue
            depth.pop()
            if _local(element.tag) == wanted:
                yield element
            if wanted not in (_local(above.tag) for above in depth):
                element.clear()
                if depth:
                    depth[-1].remove(element)
    parser.close()


def _pieces(archive: ZipFile, name: str) -> Iterator[bytes]:
    """Raises NotATable for what unpacks to too much. Entities need a document type, which no spreadsheet has."""
    unpacked, tail = 0, b""
    if archive.getinfo(name).compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise BadZipFile
    with archive.open(name) as part:
        while piece := part.read(PIECE):
            unpacked += len(piece)
            if unpacked > MOST_UNPACKED:
                raise NotATable(_("The file unpacks to more than %(most)s MB.") % {"most": MOST_UNPACKED // 10**6})
            if b"<!" in tail + piece or b"\0" in piece:
                raise BadZipFile
            tail = piece[-1:]
            yield piece


def _local(name: str) -> str:
    return name.rpartition("}")[2]
