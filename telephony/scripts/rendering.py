"""The answer of a script to one call: its text with the call's own parameters put in.

`{{ caller_id_number }}` stands for the parameter of that name. What is put in is escaped, so that a caller cannot write XML;
a parameter that the call does not have is empty.
"""

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

PLACE = re.compile(r"\{\{ ?([a-z][a-z0-9_]{0,39}) ?\}\}", re.ASCII)
QUOTES = {'"': "&quot;", "'": "&apos;"}
MAX_PARAMETERS = 50
MAX_VALUE = 500
# What XML 1.0 has no way to write (2.2 Characters).
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(text: str, parameters: Mapping[str, str]) -> str:
    """The XML that a call with `parameters` gets."""
    return PLACE.sub(lambda place: _written(parameters.get(place[1], "")), text)


def places_in(text: str) -> list[str]:
    """Names of the parameters that `text` uses, in their order, once each."""
    return list(dict.fromkeys(PLACE.findall(text)))


def parameters_of(*told: Mapping[str, Any]) -> dict[str, str]:
    """The first MAX_PARAMETERS of a call's query and form, values cut at MAX_VALUE characters."""
    found: dict[str, str] = {}
    for each in told:
        for name, value in each.items():
            if len(found) < MAX_PARAMETERS:
                found.setdefault(name[:40], str(value)[:MAX_VALUE])
    return found


def _written(value: str) -> str:
    return escape(NOT_XML.sub("", value[:MAX_VALUE]), QUOTES)
