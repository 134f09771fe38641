"""Words that a page would show in one language only: text in templates and constants in the code that pass no gettext."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser

# What is the same in every language: names, standards, units.
SAME_EVERYWHERE = {
    *(
        "Patchbay",
        "Kandy",
        "Django",
        "KPN",
        "EUR",
        "UTC",
        "HTTP",
        "HTTPS",
        "CSV",
        "API",
        "URL",
        "ID",
        "SMS",
        "SIP",
        "PDF",
        "OK",
    ),
    *("ms", "TOTP", "QR", "IP", "BOM", "HTML", "Esc", "Enter", "Tab", "Ctrl", "Shift", "Alt"),
}
SPOKEN_ATTRIBUTES = {"aria-label", "title", "placeholder", "alt", "aria-description", "aria-roledescription"}
SPOKEN_ARGUMENTS = {"verbose_name", "verbose_name_plural", "label", "help_text", "description", "title", "subtitle"}

TRANSLATED_BLOCK = re.compile(r"{%-?\s*blocktrans(?:late)?\b.*?%}.*?{%-?\s*endblocktrans(?:late)?\s*%}", re.DOTALL)
COMMENT = re.compile(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}|<!--.*?-->", re.DOTALL)
BODY_CLASS = re.compile(r"{% block (?:body_?class|coltype) %}.*?{% endblock %}", re.DOTALL)
# What a tag whose very name depends on a condition leaves behind.
ATTRIBUTES = re.compile(r'\w+="')
TAG, VARIABLE = re.compile(r"{%(.*?)%}", re.DOTALL), re.compile(r"{{.*?}}", re.DOTALL)
CONSTANT = re.compile(r'_\(\s*"[^"]*"\s*\)|"([^"]*)"')
WORD = re.compile(r"[A-Za-z]{2,}")
SILENT_TAGS = {
    "translate",
    "trans",
    "include",
    "extends",
    "load",
    "url",
    "static",
    "with",
    "if",
    "elif",
    "for",
    "block",
    "get_media_prefix",
}


def words_of(text: str) -> list[str]:
    return [word for word in WORD.findall(text) if word not in SAME_EVERYWHERE]


def unsaid_in_template(source: str) -> Iterator[str]:
    """Text between tags, spoken attributes, and sentences given to our own tags as plain constants."""
    source = TRANSLATED_BLOCK.sub(" ", COMMENT.sub(" ", source))
    for tag in TAG.findall(source):
        yield from _constants(tag.strip())
    bare = VARIABLE.sub(" ", TAG.sub(" ", BODY_CLASS.sub(" ", source)))
    yield from (text for text in spoken_in(bare) if words_of(text))


def spoken_in(page: str) -> list[str]:
    """The texts and spoken attributes of an HTML page, in their order."""
    parser = _Text()
    parser.feed(page)
    parser.close()
    return parser.spoken


def _constants(tag: str) -> Iterator[str]:
    name = tag.partition(" ")[0]
    if name in SILENT_TAGS:
        return
    for constant in CONSTANT.findall(tag):
        if (constant[:1].isupper() or " " in constant.strip()) and words_of(constant):
            yield f"{name}: {constant}"


class _Text(HTMLParser):
    """What a reader or a screen reader meets."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.spoken: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style", "svg", "code", "kbd"}
        self.spoken += [value for name, value in attrs if name in SPOKEN_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style", "svg", "code", "kbd"}

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip() and not ATTRIBUTES.search(data):
            self.spoken.append(data.strip())


def unsaid_in_python(source: str) -> Iterator[str]:
    """Constants given as a label or the like, shown as a message, or raised as a sentence for a person."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from _arguments(node)


def _arguments(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg in SPOKEN_ARGUMENTS and _name(call.func) != "JSONObject":
            yield from _sentence(keyword.value)
    if _name(call.func) in {"success", "error", "info", "warning"} and _owner(call.func) == "messages":
        yield from (found for argument in call.args[1:] for found in _sentence(argument))
    if _name(call.func) in {"ValidationError", "NotPromised", "NotPossible", "NotAdopted", "Refusal", "Later"}:
        yield from (found for argument in call.args[:1] for found in _sentence(argument))


def _sentence(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)) if words_of(text):
            yield text
        case ast.JoinedStr(values=parts):
            yield from (found for part in parts for found in _sentence(part))
        case ast.BinOp(left=left):
            yield from _sentence(left)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _owner(function: ast.expr) -> str:
    return _name(function.value) if isinstance(function, ast.Attribute) else ""
