"""What a form of a statement is called as a file, and as what it is sent."""

from collections.abc import Callable

from django.utils.text import slugify

from portal.billing.document import Document
from portal.billing.papers.csv import csv
from portal.billing.papers.json import json
from portal.billing.papers.pdf import pdf
from portal.billing.papers.xlsx import xlsx

CONTENT_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "zip": "application/zip",
}
_MAKERS: dict[str, Callable[[Document, str], bytes]] = {
    "pdf": pdf,
    "xlsx": lambda document, language: xlsx([document], language),
    "csv": lambda document, language: csv([document], language).encode(),
    "json": lambda document, _language: json(document).encode(),
}


def file_of(document: Document, suffix: str, language: str) -> bytes:
    """One statement as a file of its own, `suffix` being "pdf", "xlsx", "csv" or "json". Raises KeyError for another."""
    return _MAKERS[suffix](document, language)


def filename(document: Document, suffix: str) -> str:
    """ "statement-2026-0007-acme-2026-10.pdf": in ASCII, without what a header or a file system would have to escape."""
    number = slugify(document.number) or "draft"
    parts = ["statement", number, slugify(document.tenant)[:60].strip("-_"), f"{document.month:%Y-%m}"]
    return f"{'-'.join(part for part in parts if part)}.{suffix}"
