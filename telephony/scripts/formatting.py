"""XML for people to read: each element on a line of its own, further in the deeper it stands.

Made from the parser's events and bounded like the check. Nothing is resolved: a document type or an entity ends it.
"""

from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from telephony.scripts.checking import MAX_CHARACTERS, MAX_DEPTH, MAX_ELEMENTS

INDENT = "  "


class NotFormatted(Exception):
    """It is not well-formed, or larger, deeper or more than a script may be; it is shown as it came."""


class _Comment(str):
    """Said to nobody, so it may stand on a line of its own."""


@dataclass
class _Element:
    """`children` are elements and pieces of text in their order."""

    opening: str
    name: str
    children: list["_Element | str"] = field(default_factory=list)

    @property
    def mixed(self) -> bool:
        """White space beside words is part of what is said, so such an element stays on one line."""
        return any(isinstance(each, str) and not isinstance(each, _Comment) and each.strip() for each in self.children)


def formatted(xml: str) -> str:
    """`xml` with its elements indented; declarations are left out. Raises NotFormatted."""
    if len(xml) > MAX_CHARACTERS:
        raise NotFormatted
    reader = _Reader()
    try:
        reader.parser.Parse(xml.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError:
        raise NotFormatted from None
    return "\n".join(line for child in reader.root.children for line in _lines(child, ""))


class _Reader:
    def __init__(self) -> None:
        self.root = _Element("", "")
        self._open = [self.root]
        self._count = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.CommentHandler = self._comment

    def _doctype(self, *_told: object) -> None:
        raise NotFormatted

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) > MAX_DEPTH:
            raise NotFormatted
        written = "".join(f" {each}={quoteattr(value)}" for each, value in attributes.items())
        element = _Element(f"{name}{written}", name)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, name: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        if len(self._open) > 1:
            self._open[-1].children.append(escape(text))

    def _comment(self, text: str) -> None:
        self._open[-1].children.append(_Comment(f"<!--{text}-->"))


def _lines(child: _Element | str, indent: str) -> list[str]:
    if isinstance(child, str):
        return [indent + child.strip()] if child.strip() else []
    if child.mixed or not any(isinstance(each, _Element | _Comment) for each in child.children):
        return [indent + _on_one_line(child)]
    inner = [line for each in child.children for line in _lines(each, indent + INDENT)]
    return [f"{indent}<{child.opening}>", *inner, f"{indent}</{child.name}>"]


def _on_one_line(child: _Element | str) -> str:
    if isinstance(child, str):
        return child
    inner = "".join(_on_one_line(each) for each in child.children)
    return f"<{child.opening}>{inner}</{child.name}>" if inner.strip() else f"<{child.opening}/>"
