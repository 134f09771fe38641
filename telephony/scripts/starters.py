"""Scripts to begin with; each is in order as it stands, once its numbers and addresses are the company's own."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Starter:
    key: str
    title: Any
    about: Any
    text: str


GREETING = """\
<document>
  <work>
    <answer/>
    <speak lang="en-US">Thank you for calling. We are closed now.</speak>
    <hangup/>
  </work>
</document>
"""

MENU = """\
<document>
  <work>
    <answer/>
    <speak lang="en-US">
      For sales press 1. For support press 2.
      <bind action="https://example.com/sales.xml">1</bind>
      <bind action="https://example.com/support.xml">2</bind>
    </speak>
    <wait>5</wait>
    <speak lang="en-US">Nobody pressed a key. Goodbye.</speak>
    <hangup/>
  </work>
</document>
"""

FORWARD = """\
<document>
  <work>
    <ringback>us-ring</ringback>
    <dial timeout="30">
      <sipaccount>reception</sipaccount>
    </dial>
    <hangup/>
  </work>
</document>
"""

VOICEMAIL = """\
<document>
  <work>
    <dial timeout="20">
      <sipaccount>reception</sipaccount>
    </dial>
    <answer/>
    <speak lang="en-US">Nobody can answer now. Leave a message after the tone.</speak>
    <record name="voicemail"/>
    <wait>60</wait>
    <hangup/>
  </work>
</document>
"""

CONFERENCE = """\
<document>
  <work>
    <answer/>
    <speak lang="en-US">Welcome to the conference.</speak>
    <conference>meeting-room</conference>
  </work>
</document>
"""

STARTERS = [
    Starter("greeting", _("Greet and hang up"), _("Says a sentence and ends the call."), GREETING),
    Starter("menu", _("Menu"), _("Asks for a key and goes on with another script for each."), MENU),
    Starter("forward", _("Forward to a SIP account"), _("Rings one SIP account for half a minute."), FORWARD),
    Starter("voicemail", _("Voicemail"), _("Records a message where nobody answers."), VOICEMAIL),
    Starter("conference", _("Conference"), _("Brings all callers into one room."), CONFERENCE),
]


def starter(key: str) -> Starter:
    """Raises KeyError for one that there is not."""
    return {each.key: each for each in STARTERS}[key]
