"""Numbers that are looked up, whatever the company may send to today."""

from phonenumbers.geodata.locale import LOCALE_DATA

from messaging.texts.numbers import BadNumber, normalise


def number_in(text: str) -> str:
    """The number in any form that people write it in, as messages have it; "" for what is none."""
    try:
        return normalise(text, LOCALE_DATA).e164
    except BadNumber:
        return ""
