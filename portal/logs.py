"""Log lines without the telephone numbers of people: of each only the last three digits are written."""

import logging
import re

# E.164 with or without its +, as vendors and people write it. Shorter runs of digits are ids, counts and times.
NUMBER = re.compile(r"(?<![\d.])(?:\+|00)?\d{6,12}(\d{3})(?!\d)")


def masked(text: str) -> str:
    return NUMBER.sub(r"…\1", text)


class MaskingFormatter(logging.Formatter):
    """Masks the whole line, whatever put a number into it: a message, its arguments, or a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))
