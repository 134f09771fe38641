"""What is wrong with a call script, by line, before a caller hears it.

Knows the verbs of Apidaze's script reference. Never resolves anything: a document type or an entity ends the check, and
size, depth and number of elements are bounded, so that no script costs more than its own length.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from xml.parsers import expat

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MAX_CHARACTERS = 65_536
MAX_DEPTH = 32
MAX_ELEMENTS = 2_000
# More findings nobody reads; the first ones usually explain the others.
MAX_FINDINGS = 50

VERBS = frozenset(
    "answer bind conference dial echo hangup intercept playback record ringback speak wait".split()  # noqa: SIM905
)
# Which elements stand inside a verb, and are none themselves.
PARTS = {"dial": frozenset({"number", "sipaccount", "sipexternal"})}
# `bind` tells what a key does while something is heard.
HEARD = frozenset({"playback", "speak"})
FRAME = ("document", "work")
BESIDE_WORK = frozenset({"variables", "params"})
LANGUAGES = ("en-US", "fr-FR", "it-IT", "es-ES")
ENDS = frozenset({"hangup", "intercept"})
# Expat's name for a text that ends before its first element does.
NO_ELEMENTS = expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]


@dataclass(frozen=True)
class Finding:
    """`line` counts from 1, `column` from 1. A script with an `error` is not published; a warning is only told."""

    line: int
    column: int
    text: str
    error: bool = True


@dataclass(frozen=True)
class Checked:
    """`verbs` are those of the script in their order."""

    findings: tuple[Finding, ...]
    verbs: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.error)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.error)

    @property
    def good(self) -> bool:
        return not self.errors


def check(text: str) -> Checked:
    """The findings of `text` by line, in the reader's language. Raises nothing, whatever it is given."""
    if len(text) > MAX_CHARACTERS:
        told = _("The script has %(have)s characters; %(most)s are allowed.")
        return Checked((Finding(1, 1, told % {"have": len(text), "most": MAX_CHARACTERS}),))
    reader = _Reader()
    reader.read(text)
    found = sorted(reader.findings, key=lambda finding: (finding.line, finding.column))
    return Checked(tuple(found[:MAX_FINDINGS]), tuple(reader.verbs))


class _Stop(Exception):
    """Nothing after this can be judged."""


@dataclass
class _Element:
    name: str
    line: int
    column: int
    attributes: Mapping[str, str]
    text: str = ""
    children: list[str] = field(default_factory=list)


class _Reader:
    """Follows the parser from element to element."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.verbs: list[str] = []
        self._open: list[_Element] = []
        self._count = 0
        self._has_work = False
        # The encoding is ours: a declaration inside the text cannot make bytes mean something else.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.ProcessingInstructionHandler = self._instruction

    def read(self, text: str) -> None:
        try:
            self._parser.Parse(text.encode("utf-8", "surrogatepass"), True)
        except _Stop:
            return
        except expat.ExpatError as flaw:
            self._add(flaw.lineno, flaw.offset + 1, self._why(flaw.code))
            return
        if not self._has_work:
            self._add(1, 1, _("Nothing is done: verbs stand inside <document><work>."))

    def _why(self, code: int) -> str:
        if self._open and code == NO_ELEMENTS:
            return _("The script breaks off: <%(name)s> is not closed.") % _named(self._open[-1])
        return _not_well_formed(code)

    def _add(self, line: int, column: int, text: str, *, error: bool = True) -> None:
        self.findings.append(Finding(max(1, line), max(1, column), text, error))

    def _here(self, text: str, *, error: bool = True) -> None:
        self._add(self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1, text, error=error)

    def _at(self, element: _Element, text: str, *, error: bool = True) -> None:
        self._add(element.line, element.column, text, error=error)

    # --- What the parser meets -----------------------------------------------------------------------------------

    def _doctype(self, *_told: Any) -> None:
        self._here(_("A document type (<!DOCTYPE …>) and entities are not allowed in a script."))
        raise _Stop

    def _instruction(self, target: str, _data: str) -> None:
        self._here(_("The platform does not know the instruction <?%(name)s …?>.") % {"name": target[:40]}, error=False)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        element = _Element(name, line, column, attributes)
        self._count += 1
        if self._count > MAX_ELEMENTS:
            self._at(element, _("The script has more than %(most)s elements.") % {"most": MAX_ELEMENTS})
            raise _Stop
        if len(self._open) >= MAX_DEPTH:
            self._at(element, _("Elements stand inside one another more than %(most)s deep.") % {"most": MAX_DEPTH})
            raise _Stop
        if self._open:
            self._open[-1].children.append(name)
        self._place(element)
        self._open.append(element)

    def _characters(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        path = [each.name for each in self._open]
        if path[:2] == list(FRAME) and element.name in RULES:
            for text, error in RULES[element.name](element):
                self._at(element, text, error=error)

    # --- Where it may stand --------------------------------------------------------------------------------------

    def _place(self, element: _Element) -> None:
        path = [each.name for each in self._open]
        if not path:
            if element.name != FRAME[0]:
                self._at(element, _("A script begins with <document>, not with <%(name)s>.") % _named(element))
                raise _Stop
        elif len(path) == 1:
            self._has_work |= element.name == FRAME[1]
            if element.name != FRAME[1] and element.name not in BESIDE_WORK:
                self._at(element, _unknown_or_misplaced(element), error=element.name in VERBS)
        elif path[1] == FRAME[1]:
            self._place_in_work(element, self._open[-1])

    def _place_in_work(self, element: _Element, parent: _Element) -> None:
        if element.name in VERBS:
            self.verbs.append(element.name)
        if parent.name == FRAME[1]:
            self._place_verb(element)
        elif element.name == "bind":
            if parent.name not in HEARD:
                self._at(element, _("<bind> stands inside <speak> or <playback>: it tells what a key does then."))
        elif element.name in VERBS:
            told = _("<%(name)s> cannot stand inside <%(parent)s>: one verb follows the other.")
            self._at(element, told % {**_named(element), "parent": parent.name[:40]})
        elif element.name not in PARTS.get(parent.name, ()):
            self._at(element, _unknown(element), error=False)

    def _place_verb(self, element: _Element) -> None:
        if element.name not in VERBS:
            self._at(element, _unknown(element), error=False)
            return
        before = self._open[-1].children[:-1]
        if before and before[-1] in ENDS:
            told = _("This is never reached: the call has left the script with <%(end)s> before.")
            self._at(element, told % {"end": before[-1]}, error=False)


def _named(element: _Element) -> dict[str, str]:
    return {"name": element.name[:40]}


def _unknown(element: _Element) -> str:
    return _("The script reference knows no <%(name)s>; the platform may pass over it or end the call.") % _named(
        element
    )


def _unknown_or_misplaced(element: _Element) -> str:
    if element.name in VERBS:
        return _("<%(name)s> stands inside <work>.") % _named(element)
    return _unknown(element)


# --- What each verb needs: (sentence, whether it is an error) --------------------------------------------------------

Told = list[tuple[str, bool]]


def _speak(element: _Element) -> Told:
    told: Told = []
    language = element.attributes.get("lang")
    if language is not None and language not in LANGUAGES:
        words = {"lang": language[:40], "known": ", ".join(LANGUAGES)}
        told.append((_("The platform does not speak “%(lang)s”; it knows %(known)s.") % words, True))
    if not element.text.strip():
        told.append((_("<speak> has nothing to say."), True))
    return told


def _playback(element: _Element) -> Told:
    source = element.attributes.get("file", "").strip()
    if not source:
        return [(_("<playback> needs the attribute “file”."), True)]
    parts = _split(source)
    if PurePosixPath(parts.path if parts else source).suffix.lower() != ".wav":
        return [(_("<playback> plays .wav files only."), True)]
    if parts and parts.scheme == "http":
        return [(_("The file is fetched without encryption; https:// keeps it from being changed on its way."), False)]
    return []


def _split(source: str) -> Any:
    try:
        return urlsplit(source)
    except ValueError:
        return None


def _dial(element: _Element) -> Told:
    told: Told = []
    if not element.children and not element.text.strip():
        told.append((_("<dial> calls nobody: it needs a <number>, <sipaccount> or <sipexternal>."), True))
    told += _seconds(element, "timeout")
    return told


def _conference(element: _Element) -> Told:
    return [] if element.text.strip() else [(_("<conference> needs the name of its room."), True)]


def _bind(element: _Element) -> Told:
    told: Told = []
    if not element.attributes.get("action", "").strip():
        told.append((_("<bind> needs the attribute “action”: the script that goes on."), True))
    if not element.text.strip():
        told.append((_("<bind> needs the key or keys to press."), True))
    return told


def _wait(element: _Element) -> Told:
    value = element.text.strip()
    if value.isascii() and value.isdigit():
        return []
    return [(_("<wait> needs a number of seconds."), True)]


def _intercept(element: _Element) -> Told:
    return [] if element.text.strip() else [(_("<intercept> needs the call that it takes over."), True)]


def _seconds(element: _Element, name: str) -> Told:
    value = element.attributes.get(name)
    if value is None or (value.isascii() and value.isdigit()):
        return []
    return [(_("“%(name)s” is a number of seconds.") % {"name": name}, True)]


RULES: Mapping[str, Any] = {
    "speak": _speak,
    "playback": _playback,
    "dial": _dial,
    "conference": _conference,
    "bind": _bind,
    "wait": _wait,
    "intercept": _intercept,
}


# --- The parser's words ------------------------------------------------------------------------------------------------


def _not_well_formed(code: int) -> str:
    """What expat found, in words of one sentence; the commonest ones told for people."""
    known = {
        expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]: _(
            "This closes another element than the one open here."
        ),
        NO_ELEMENTS: _("The script is empty."),
        expat.errors.codes[expat.errors.XML_ERROR_SYNTAX]: _("A script begins with <document>."),
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN]: _(
            "This is not closed: a “>” or a quotation mark is missing."
        ),
        expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]: _(
            "This cannot stand here. In a text write &amp; for “&” and &lt; for “<”; values stand in quotation marks."
        ),
        expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]: _(
            "Only &amp;, &lt;, &gt;, &quot; and &apos; are known; write other characters as they are."
        ),
        expat.errors.codes[expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE]: _("This attribute is there twice."),
        expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]: _("Nothing can follow after </document>."),
    }
    return known.get(code) or _("The XML is not well-formed here: %(why)s.") % {"why": expat.ErrorString(code)}


def summary(checked: Checked) -> str:
    """One sentence on how a script is."""
    if checked.errors:
        text = ngettext(
            "%(n)d error: the script cannot be published.",
            "%(n)d errors: the script cannot be published.",
            len(checked.errors),
        )
        return text % {"n": len(checked.errors)}
    if checked.warnings:
        text = ngettext(
            "The script can be published; there is %(n)d remark.",
            "The script can be published; there are %(n)d remarks.",
            len(checked.warnings),
        )
        return text % {"n": len(checked.warnings)}
    return _("The script is in order.")
