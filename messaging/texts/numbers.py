"""Mobile numbers as people write them and as the vendor takes them: E.164 (SMS API, /send, `mobile_number`)."""

import re
from collections.abc import Collection
from dataclasses import dataclass

import phonenumbers
from django.utils.translation import gettext_noop as _
from phonenumbers import PhoneNumberType

from messaging.models import RejectedLine
from portal.sentences import Sentence

# Where a number without a country's code belongs. Numbers of this country are always allowed.
HOME = "NL"
LONGEST = 40
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
Kind = RejectedLine.Kind

# What people put between digits, and what address books add unseen when a number is copied from them.
_BETWEEN = dict.fromkeys(
    map(ord, " \t\n\r\xa0\u2007\u2009\u202f-‐‑‒–—./()\xad\u200b\u200e\u200f\u202a\u202c\u202d\u2060\ufeff")
)
# Also without the zero or the plus, which spreadsheets drop.
_DUTCH_MOBILE = re.compile(r"(?:(?:\+|00)?31|)0?(6[1-58][0-9]{7}|970[0-9]{8})", re.ASCII)
_DIALLED = re.compile(r"\+?[0-9]{4,20}", re.ASCII)
# Numbers in the range of mobile ones that reach no telephone (SMS API, `mobile_number`).
_NOT_MOBILE = re.compile(r"(?:(?:\+|00)?31|)0?6[079][0-9]{7}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Number:
    """`e164` with its plus, `country` by its two letters."""

    e164: str
    country: str


class BadNumber(Exception):
    """Nothing can be sent there. `kind` is one of `RejectedLine.Kind`, `sentence` says why."""

    def __init__(self, kind: str, text: str, /, **values: str) -> None:
        super().__init__(text)
        self.kind, self.sentence = kind, Sentence(text, values)

    def __str__(self) -> str:
        return str(self.sentence)


def normalise(text: str, countries: Collection[str] = ()) -> Number:
    """The mobile number in `text`, of HOME where no country's code is written. Raises BadNumber.

    `countries` are those that may be written to besides HOME.
    """
    digits = text.translate(_BETWEEN)
    if dutch := _DUTCH_MOBILE.fullmatch(digits):
        return Number(f"+31{dutch.group(1)}", HOME)
    number = _mobile(digits)
    if number.country != HOME and number.country not in countries:
        raise BadNumber(
            Kind.COUNTRY,
            _("This number is of the country %(country)s, to which your rules for sending allow nothing."),
            country=number.country,
        )
    return number


def _mobile(digits: str) -> Number:
    if not digits:
        raise BadNumber(Kind.INVALID, _("There is no number."))
    if len(digits) > LONGEST or not _DIALLED.fullmatch(digits):
        raise BadNumber(Kind.INVALID, _("This is not a telephone number."))
    if _NOT_MOBILE.fullmatch(digits):
        raise BadNumber(Kind.INVALID, _("Numbers that begin with 060, 067 or 069 are not mobile numbers."))
    try:
        number = phonenumbers.parse(digits, HOME)
    except phonenumbers.NumberParseException:
        raise BadNumber(Kind.INVALID, _("This is not a telephone number.")) from None
    country = phonenumbers.region_code_for_number(number)
    if not country or not phonenumbers.is_valid_number_for_region(number, country):
        raise BadNumber(Kind.INVALID, _("There is no such telephone number: a digit is missing, too many or wrong."))
    # A country of no two letters is no country: satellites, services.
    if len(country) != 2 or not country.isalpha() or phonenumbers.number_type(number) not in MOBILE:
        raise BadNumber(Kind.INVALID, _("This is not a mobile number."))
    return Number(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), country)
