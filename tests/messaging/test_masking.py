"""No telephone number of a person in any log line."""

import io
import logging
import logging.config

import pytest
from django.conf import settings

from messaging.reports import codes
from messaging.reports.codes import Advice, meaning_of
from messaging.reports.reading import e164
from portal.logs import MaskingFormatter, masked

NUMBERS = ["+31612345678", "31612345678", "0031612345678", "0612345678", "+3197012345678", "+420601234567"]


def lines(write) -> str:
    """What the portal's own logging writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(MaskingFormatter(settings.LOGGING["formatters"]["line"]["format"], style="{"))
    logger = logging.getLogger("messaging.reports.test")
    logger.addHandler(handler)
    try:
        write(logger)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


@pytest.mark.parametrize("number", NUMBERS)
def test_only_the_last_three_digits_are_written(number):
    def write(logger):
        logger.error("recipient %s refused, of [%r, '%s']", number, number, number)
        logger.error({"number": number})
        try:
            raise ValueError(f"no such number: {number}")
        except ValueError:
            logger.exception("failed")

    said = lines(write)
    digits = number.lstrip("+")
    assert f"…{digits[-3:]}" in said
    assert digits[-4:] not in said
    assert digits[:6] not in said


def test_ids_and_times_are_written():
    said = "2026-11-21 20:41:33,123 operation 48211 took 1.234567891 s, status 200, 20261121"
    assert masked(said) == said


def test_the_portals_logging_is_masked():
    assert settings.LOGGING["formatters"]["line"]["()"] == "portal.logs.MaskingFormatter"
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"line"}


def test_every_described_code_has_words_and_advice():
    assert sorted(codes.MEANINGS) == [f"{number:03}" for number in range(1, 31)]
    assert {"004", "022"} == codes.OPT_OUT_CODES
    assert meaning_of("007").advice is Advice.LATER
    assert meaning_of("002").advice is Advice.NEVER
    assert meaning_of("099") is codes.UNKNOWN
    assert meaning_of("") is None


@pytest.mark.parametrize(
    ("told", "code"), [(4, "004"), ("4", "004"), ("004", "004"), (0, ""), ("000", ""), (None, ""), ("X1", "X1")]
)
def test_codes_are_known_however_they_are_written(told, code):
    assert codes.normal(told) == code


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("0612345678", "+31612345678"),
        ("097012345678", "+3197012345678"),
        ("420601234567", "+420601234567"),
        ("Acme", ""),
        ("", ""),
    ],
)
def test_numbers_are_read(told, number):
    assert e164(told) == number
