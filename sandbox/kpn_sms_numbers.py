"""Which numbers KPN's SMS API takes, and what they are in E.164."""

import re

# Mobile numbers of the Netherlands after the country code: 06 without 060, 067 and 069, and 097.
DUTCH = re.compile(r"6[1-58][0-9]{7}|97[0-9]{7,9}")
PREFIXES = ("+31", "0031", "0")
ABROAD = re.compile(r"\+[1-9][0-9]{6,14}")


def international(text: str) -> str:
    """E.164 with +. Raises ValueError for what is no mobile number, or not written as documented."""
    for prefix in PREFIXES:
        if text.startswith(prefix):
            if not DUTCH.fullmatch(text.removeprefix(prefix)):
                raise ValueError(text)
            return "+31" + text.removeprefix(prefix)
    if not ABROAD.fullmatch(text):
        raise ValueError(text)
    return text
