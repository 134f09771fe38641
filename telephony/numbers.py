"""Telephone numbers as people write them, and as they are kept and sent: E.164 (ITU-T), else a domain's own short number."""

import re

import phonenumbers
from django.utils.translation import gettext_noop as _

from portal.operations.refusals import NotPromised

# Where a number without a country's code belongs.
HOME = "NL"
EXTENSION = re.compile(r"[0-9]{2,8}", re.ASCII)
LONGEST = 40


def external_number(text: str) -> str:
    """E.164 of what is shown to the telephone network; "" stays "". Raises NotPromised for what is no valid number."""
    text = text.strip()
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text[:LONGEST], HOME)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or len(text) > LONGEST or number.extension or not phonenumbers.is_valid_number(number):
        raise NotPromised(
            _("“%(number)s” is no telephone number. Write it as 020 123 4567 or +31 20 123 4567."),
            number=text[:LONGEST],
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def internal_number(text: str) -> str:
    """An extension of 2 to 8 digits as it is, else as `external_number`."""
    text = text.strip()
    if EXTENSION.fullmatch(text):
        return text
    try:
        return external_number(text)
    except NotPromised:
        raise NotPromised(
            _("“%(number)s” is neither an extension of 2 to 8 digits nor a telephone number."), number=text[:LONGEST]
        ) from None
