"""The setup sheet as a PDF, set by typst. Every word reaches the template as data; nothing in a name can be markup."""

import json
from functools import cache
from pathlib import Path

import typst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from telephony.setup.sheet import Sheet

TEMPLATE = Path(__file__).with_name("sheet.typ")
# For screen readers; refused where the fonts lack a character.
STANDARDS: list["typst.PDFStandard"] = ["ua-1"]


def sheet_pdf(sheet: Sheet, company: str) -> bytes:
    """The PDF, in the active language; with the password where the sheet has it."""
    said = json.dumps(_content(sheet, company))
    try:
        return _compile(said, STANDARDS)
    except typst.TypstError:
        # A name in letters that the fonts lack must not keep a telephone from being set up.
        return _compile(said, [])


def _content(sheet: Sheet, company: str) -> dict[str, object]:
    return {
        "language": (get_language() or "en").partition("-")[0],
        "title": _("Set up your telephone"),
        "company": company,
        "values": [
            [_("Domain"), sheet.domain_or_note],
            [_("Username"), sheet.username],
            [_("Password"), sheet.password or _("Given separately")],
            [_("Outbound proxy"), sheet.proxy],
            [_("Account name"), sheet.name],
        ],
        "guides": sheet.guides,
        "qr": sheet.qr,
        "qr_said": _("QR code of the SIP address, for applications that read one"),
        "warning": _("Keep this sheet to yourself: who has the password can make calls.") if sheet.password else "",
    }


def _compile(said: str, standards: list["typst.PDFStandard"]) -> bytes:
    return typst.compile(
        TEMPLATE, font_paths=_fonts(), format="pdf", sys_inputs={"sheet": said}, pdf_standards=standards
    )


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)
