"""Trying a script on calls as they might come."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from telephony.scripts.checking import check
from telephony.scripts.models import ScriptCase
from telephony.scripts.rendering import render

# Parameters of a call as the platform tells them; their names are our reading of it, and can be changed in each case.
CALLS: Mapping[str, tuple[object, Mapping[str, str]]] = {
    "did": (
        _("A call to a number (DID)"),
        {"caller_id_number": "+31612345678", "destination_number": "+31201234567", "call_type": "did"},
    ),
    "sip": (
        _("A call from a SIP account"),
        {"caller_id_number": "101", "destination_number": "0612345678", "call_type": "sip"},
    ),
    "webrtc": (
        _("A call from a browser (WebRTC)"),
        {"caller_id_number": "web-visitor", "destination_number": "sales", "call_type": "webrtc"},
    ),
}


@dataclass(frozen=True)
class Tried:
    """`missing` are the pieces that the answer does not contain; `flaws` what is wrong with it as XML."""

    name: str
    answer: str
    missing: Sequence[str]
    flaws: Sequence[str]

    @property
    def passed(self) -> bool:
        return not self.missing and not self.flaws


def try_case(text: str, name: str, parameters: Mapping[str, str], expects: Iterable[str]) -> Tried:
    answer = render(text, parameters)
    told = _even(answer)
    missing = [piece for piece in expects if _even(piece) not in told]
    return Tried(name, answer, missing, [finding.text for finding in check(answer).errors])


def try_all(text: str, cases: Iterable[ScriptCase]) -> list[Tried]:
    return [try_case(text, case.name, case.parameters, case.expects) for case in cases]


def _even(xml: str) -> str:
    """White space says nothing in a script but between words."""
    return re.sub(r"\s*([<>])\s*", r"\1", re.sub(r"\s+", " ", xml)).strip()
