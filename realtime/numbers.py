"""Telephone numbers as people write them, and as they are kept and matched: E.164 (ITU-T)."""

from collections.abc import Collection
from dataclasses import dataclass

import phonenumbers
from django.utils.translation import gettext_noop as _
from phonenumbers import PhoneNumberType, shortnumberinfo

from portal.sentences import Sentence

HOME = "NL"
LONGEST = 40
# What a visitor of a site may have called: neither paid services nor a company's special numbers.
CALLABLE = (
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
)
NO_NUMBER = _("“%(number)s” is no telephone number.")
NOT_CALLED = _("Numbers of this kind are not called.")
NOT_THERE = _("Numbers of this country are not called.")


class BadNumber(Exception):
    """`sentence` says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.text)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


@dataclass(frozen=True)
class Number:
    e164: str
    country: str
    kind: int


def read_number(text: str, home: str = HOME) -> Number:
    """Any number that exists; without a country it is one of `home` ("NL"). Raises BadNumber."""
    try:
        found = phonenumbers.parse(text[:LONGEST], home)
    except phonenumbers.NumberParseException:
        found = None
    if found is None or found.extension or not phonenumbers.is_valid_number(found):
        raise BadNumber(Sentence(NO_NUMBER, {"number": text[:LONGEST]}))
    return Number(
        phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.region_code_for_number(found) or "",
        phonenumbers.number_type(found),
    )


def callable_number(text: str, countries: Collection[str]) -> str:
    """E.164 of an ordinary number in one of `countries`; without a country it is one of the first. Raises BadNumber."""
    allowed = list(countries) or [HOME]
    if any(shortnumberinfo.is_emergency_number(text[:LONGEST], country) for country in allowed):
        raise BadNumber(Sentence(NOT_CALLED))
    found = read_number(text, allowed[0])
    if found.country not in allowed:
        raise BadNumber(Sentence(NOT_THERE))
    if found.kind not in CALLABLE:
        raise BadNumber(Sentence(NOT_CALLED))
    return found.e164


def beginning_of(text: str) -> str:
    """The first digits of a number in E.164, however they are written ("06 12", "+3161"); "" for what is none."""
    digits = "".join(letter for letter in text if letter not in " -.()/")
    if not digits.isascii() or not digits.removeprefix("+").isdigit():
        return ""
    if digits.startswith("+"):
        return digits
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return f"+31{digits[1:]}" if digits.startswith("0") else f"+{digits}"
