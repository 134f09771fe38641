"""A statement as PDF, set by typst: tagged, archivable (PDF/A), and the same bytes for the same statement.

Every word and figure reaches the template as data; nothing in a label can be markup. The fonts are the ones that come with
typst, under the SIL Open Font License, so that no machine sets it differently. Characters that they lack are left blank.
"""

import json
from datetime import UTC
from functools import cache
from pathlib import Path

import typst
from django.utils.translation import override

from portal.billing.document import Document
from portal.billing.papers.content import content

TEMPLATE = Path(__file__).with_name("statement.typ")
# For archives and for screen readers. Both refuse characters that the fonts lack.
STANDARDS: list["typst.PDFStandard"] = ["a-2a", "ua-1"]


def pdf(document: Document, language: str) -> bytes:
    """The PDF, in `language`."""
    with override(language):
        said = json.dumps(content(document) | {"language": language.partition("-")[0]})
    try:
        return _compile(said, document, STANDARDS)
    except typst.TypstError:
        # A name in letters that the fonts lack must not keep a statement from being sent.
        return _compile(said, document, [])


def _compile(said: str, document: Document, standards: list["typst.PDFStandard"]) -> bytes:
    return typst.compile(
        TEMPLATE,
        font_paths=_fonts(),
        format="pdf",
        sys_inputs={"statement": said},
        pdf_standards=standards,
        timestamp=(document.closed_at or document.drawn_at).astimezone(UTC).replace(microsecond=0),
    )


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)
