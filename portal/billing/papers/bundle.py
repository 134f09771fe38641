"""Any number of statements as one ZIP: PDF, CSV and JSON of each, XLSX, CSV and JSON of all, and the digests of these files.

One pass over the statements, a piece at a time: what is held in memory is one statement; what stands for all of them
grows in temporary files until its turn comes.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from io import RawIOBase
from itertools import count as count_from
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from portal.billing.document import Document
from portal.billing.papers import csv
from portal.billing.papers.files import file_of, filename
from portal.billing.papers.json import json
from portal.billing.papers.xlsx import StatementBook

PIECE = 256 * 1024
# The same statements make the same file, whenever it is made.
MADE = (2000, 1, 1, 0, 0, 0)
DIGESTS = "SHA256SUMS"
# The forms that each statement has a file of its own in.
OF_EACH = ("pdf", "csv", "json")


def bundle(documents: Iterable[Document], language: str) -> Iterator[bytes]:
    """The ZIP in pieces, for a streamed answer. Its temporary files are gone when it ends or is closed."""
    sink = _Sink()
    digests: dict[str, str] = {}
    with (
        TemporaryDirectory() as place,
        TemporaryFile() as xlsx,
        TemporaryFile() as rows,
        TemporaryFile() as objects,
        ZipFile(sink, "w", ZIP_DEFLATED) as archive,
    ):
        common = _Common(StatementBook(xlsx, language, place), xlsx, rows, objects, language)
        for document in documents:
            name = _free_name(filename(document, OF_EACH[0]), digests)
            for form in OF_EACH:
                name = f"{name.rpartition('.')[0]}.{form}"
                digests[name] = _add(archive, name, file_of(document, form, language))
                yield sink.take()
            common.add(document)
        for name, file in common.finished():
            digest = sha256()
            with archive.open(_entry(name), "w", force_zip64=True) as entry:
                while piece := file.read(PIECE):
                    digest.update(piece)
                    entry.write(piece)
                    yield sink.take()
            digests[name] = digest.hexdigest()
        _add(archive, DIGESTS, "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode())
    yield sink.take()


def _add(archive: ZipFile, name: str, content: bytes) -> str:
    archive.writestr(_entry(name), content)
    return sha256(content).hexdigest()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, MADE)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _free_name(name: str, taken: Iterable[str]) -> str:
    """Two companies may be called alike: the second one's file is numbered."""
    stem, suffix = name.rsplit(".", 1)
    names = (f"{stem}-{count}.{suffix}" for count in count_from(2))
    return name if name not in taken else next(other for other in names if other not in taken)


class _Common:
    """The files that stand for all statements, while they grow."""

    def __init__(
        self, book: StatementBook, xlsx: IO[bytes], rows: IO[bytes], objects: IO[bytes], language: str
    ) -> None:
        self._book, self._xlsx, self._csv, self._json = book, xlsx, rows, objects
        self._language = language
        self._csv.write(csv.heading(language).encode())
        self._before = "[\n"

    def add(self, document: Document) -> None:
        self._book.add(document)
        self._csv.write(csv.rows(document, self._language).encode())
        self._json.write((self._before + json(document).rstrip("\n")).encode())
        self._before = ",\n"

    def finished(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Each with its name, to be read from its beginning. The JSON is an array of the statements."""
        self._book.close()
        self._json.write(b"[]\n" if self._before == "[\n" else b"\n]\n")
        for suffix, file in (("xlsx", self._xlsx), ("csv", self._csv), ("json", self._json)):
            file.seek(0)
            yield f"statements.{suffix}", file


class _Sink(RawIOBase):
    """A file that can only be written to, and emptied."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: Any) -> int:
        self._waiting += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken
