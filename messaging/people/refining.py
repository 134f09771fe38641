"""What people type about contacts, made into what is kept: numbers, tags, values of placeholders."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from messaging.people.contacts import LONGEST_VALUE, MOST_TAGS, MOST_VALUES
from messaging.texts.numbers import BadNumber, normalise

LONGEST_TAG = 40
# Countries do not matter for who is not to be written to.
EVERYWHERE = frozenset(phonenumbers.SUPPORTED_REGIONS)
VALUE = re.compile(r"([^\W\d]\w{0,39}) *= *(.*)")


def number_in(text: str, countries: Collection[str]) -> str:
    """E.164. Raises ValidationError."""
    try:
        return normalise(text, countries).e164
    except BadNumber as refusal:
        raise ValidationError(str(refusal.sentence), code=refusal.kind) from None


def tags_in(text: str) -> list[str]:
    """Those of "customer, Utrecht", in lower case. Raises ValidationError."""
    found = list(dict.fromkeys(filter(None, (" ".join(tag.split()).lower() for tag in text.split(",")))))
    if len(found) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in found):
        sentence = _("At most %(most)s tags of %(longest)s characters each are kept.")
        raise ValidationError(sentence, code="tags", params={"most": MOST_TAGS, "longest": LONGEST_TAG})
    return found


def values_in(text: str) -> dict[str, str]:
    """Of placeholders, one a line as "name = value". Raises ValidationError."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        told = VALUE.fullmatch(line.strip())
        if told is None or len(told[2]) > LONGEST_VALUE:
            sentence = _("Line %(line)s is no value: write a name of letters, “=” and its value.")
            raise ValidationError(sentence, code="values", params={"line": number})
        found[told[1].lower()] = told[2]
    if len(found) > MOST_VALUES:
        raise ValidationError(_("At most %(most)s values are kept."), code="values", params={"most": MOST_VALUES})
    return found


def values_text(values: Mapping[str, Any]) -> str:
    """As `values_in` reads them."""
    return "\n".join(f"{name} = {value}" for name, value in values.items())


def placeholder_of(heading: str) -> str:
    """The name under which a column of a file fills a text: "First name" is first_name; "" where it has no letter."""
    name = re.sub(r"\W+", "_", heading.strip().lower()).strip("_")[:40]
    return name if VALUE.fullmatch(f"{name}=") else ""
