"""Mobile numbers as people write them, and as they are kept and sent: E.164 (ITU-T)."""

from collections.abc import Collection
from dataclasses import dataclass

import phonenumbers
from django.utils.translation import gettext_noop as _

from portal.sentences import Sentence

HOME = "NL"
MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


@dataclass(frozen=True)
class Number:
    e164: str
    country: str


class BadNumber(Exception):
    """`kind` is invalid, not_mobile or country."""

    def __init__(self, kind: str, sentence: Sentence) -> None:
        super().__init__(kind)
        self.kind, self.sentence = kind, sentence

    def __str__(self) -> str:
        return str(self.sentence)


def normalise(text: str, countries: Collection[str] = ()) -> Number:
    """Raises BadNumber. Dutch numbers always may be written to, others where their country is one of `countries`."""
    try:
        found = phonenumbers.parse(text[:40], HOME)
    except phonenumbers.NumberParseException:
        found = None
    if found is None or found.extension or not phonenumbers.is_valid_number(found):
        raise BadNumber("invalid", Sentence(_("“%(number)s” is no mobile number."), {"number": text[:40]}))
    country = phonenumbers.region_code_for_number(found) or ""
    if phonenumbers.number_type(found) not in MOBILE:
        raise BadNumber("not_mobile", Sentence(_("“%(number)s” is no mobile number."), {"number": text[:40]}))
    if country != HOME and country not in countries:
        raise BadNumber("country", Sentence(_("Nothing is sent to %(country)s."), {"country": country}))
    return Number(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164), country)
