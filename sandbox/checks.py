"""Checks of what the control API is given: each takes a JSON value and returns it, or raises BadInput."""

import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

Check = Callable[[Any], Any]


class BadInput(ValueError):
    """The control API was given something it cannot use; the text says what."""


def text(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise BadInput("must be a non-empty text")
    return value


def amount(value: Any) -> str:
    try:
        money = Decimal(str(value))
    except InvalidOperation:
        raise BadInput("must be an amount") from None
    if isinstance(value, bool) or not money.is_finite() or money < 0:
        raise BadInput("must be an amount of 0 or more")
    return str(money)


def seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise BadInput("must be a number of 0 or more")
    return float(value)


def whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput("must be a whole number")
    return value


def positive(value: Any) -> int:
    if whole(value) < 1:
        raise BadInput("must be 1 or more")
    return value


def yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadInput("must be true or false")
    return value


def optional(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def one_of(*allowed: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in allowed:
            raise BadInput(f"must be one of {', '.join(allowed)}")
        return value

    return check


def checked(values: dict[str, Any], fields: dict[str, Check]) -> dict[str, Any]:
    """The values, each through its field's check. Raises BadInput naming the field."""
    result = {}
    for name, value in values.items():
        if name not in fields:
            raise BadInput(f"{name}: no such field")
        try:
            result[name] = fields[name](value)
        except BadInput as error:
            raise BadInput(f"{name}: {error}") from None
    return result


def probability(value: Any) -> float:
    if seconds(value) > 1:
        raise BadInput("must be from 0 to 1")
    return float(value)


def error_status(value: Any) -> int:
    if not 400 <= whole(value) <= 599:
        raise BadInput("must be a status from 400 to 599")
    return value


def anything(value: Any) -> Any:
    return value
