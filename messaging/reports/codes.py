"""What the vendor's status and error codes mean, in plain words, and what to do about each (SMS API, delivery reports)."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.translation import gettext_lazy as _

from messaging.models import MessageState

# Queued and accepted: on its way. What is not here is not understood.
STATES = {
    "1": MessageState.DELIVERED,
    "2": MessageState.ACCEPTED,
    "3": MessageState.ACCEPTED,
    "4": MessageState.FAILED,
    "5": MessageState.REJECTED,
    "6": MessageState.EXPIRED,
}
STATUS_WORDS = {
    "1": _("Delivered"),
    "2": _("Queued"),
    "3": _("Accepted"),
    "4": _("Failed"),
    "5": _("Rejected"),
    "6": _("Expired"),
}


class Advice(Enum):
    """May the same text go to the same number again? The value is a word for `portal.ui.statuses`."""

    LATER = "later"
    CHANGE = "change"
    NEVER = "never"
    OPTED_OUT = "opted_out"
    ASK = "ask"

    @property
    def label(self) -> Any:
        return _ADVICE[self]


_ADVICE = {
    Advice.LATER: _("It may be tried again later."),
    Advice.CHANGE: _("Change the text or the sender before it is tried again."),
    Advice.NEVER: _("Do not try this number again."),
    Advice.OPTED_OUT: _("The number is on the do-not-send list now."),
    Advice.ASK: _("Ask the vendor before it is tried again."),
}


@dataclass(frozen=True)
class Meaning:
    """`words` say what happened, `advice` what to do."""

    words: Any
    advice: Advice


_MEANINGS = {
    "001": (_("The vendor gives no reason"), Advice.LATER),
    "002": (_("The number does not exist"), Advice.NEVER),
    "003": (_("The number is barred or suspended"), Advice.NEVER),
    "004": (_("The recipient does not want to receive this"), Advice.OPTED_OUT),
    "005": (_("The telephone or its network cannot receive SMS"), Advice.NEVER),
    "006": (_("The telephone was busy or switched off"), Advice.LATER),
    "007": (_("The telephone was out of reach"), Advice.LATER),
    "008": (_("The number is not in use any more"), Advice.NEVER),
    "009": (_("The telephone or its SIM had a passing problem, such as a full memory"), Advice.LATER),
    "010": (_("The telephone or its SIM cannot take it"), Advice.NEVER),
    "011": (_("A network failed"), Advice.LATER),
    "012": (_("The number moved to another network and was not found there"), Advice.LATER),
    "013": (_("The vendor had no way to this number"), Advice.ASK),
    "014": (_("There is no way to this number"), Advice.ASK),
    "015": (_("It was lost on the way"), Advice.LATER),
    "016": (_("The message was not well formed"), Advice.CHANGE),
    "017": (_("A part of the message or its characters was not allowed"), Advice.CHANGE),
    "018": (_("A filter against spam stopped it"), Advice.CHANGE),
    "019": (_("The content is not permitted"), Advice.CHANGE),
    "020": (_("Your account had no credit or quota left"), Advice.ASK),
    "021": (_("Blocked because of age or by parents"), Advice.NEVER),
    "022": (_("The recipient does not want to be disturbed"), Advice.OPTED_OUT),
    "023": (_("A limit of spending or speed was reached"), Advice.LATER),
    "024": (_("Its validity ended before it could be delivered"), Advice.LATER),
    "025": (_("Another provider failed"), Advice.LATER),
    "026": (_("The country wants senders to be registered: the company's registration is missing"), Advice.ASK),
    "027": (_("The country wants senders to be registered: the sender's registration is missing"), Advice.ASK),
    "028": (_("The country wants texts to be registered: the text's registration is missing"), Advice.ASK),
    "029": (_("The recipient's consent is not registered"), Advice.NEVER),
    "030": (_("A rule of the country stopped it"), Advice.ASK),
}
MEANINGS = {code: Meaning(*told) for code, told in _MEANINGS.items()}
OPT_OUT_CODES = frozenset(code for code, meaning in MEANINGS.items() if meaning.advice is Advice.OPTED_OUT)
UNKNOWN = Meaning(_("The vendor gives a code that is not described"), Advice.ASK)


def meaning_of(code: str) -> Meaning | None:
    """None for no code."""
    return MEANINGS.get(code, UNKNOWN) if code else None


def normal(code: object) -> str:
    """A code as it is described: three digits, however it was written; "" for none."""
    told = str(code if code is not None else "").strip()
    if told.isascii() and told.isdigit():
        return "" if not int(told) else told.lstrip("0").zfill(3)[:20]
    return told[:20]
