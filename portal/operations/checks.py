"""System checks of the times that keep a thing from being done twice (docs/operations.md, "Times")."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import Error

POSITIVE = [
    "VENDOR_CONNECT_TIMEOUT",
    "VENDOR_READ_TIMEOUT",
    "VENDOR_TOTAL_TIMEOUT",
    "OPERATION_BACKOFF_SECONDS",
    "OPERATION_GIVE_UP_LOOKING_HOURS",
    "OPERATION_TENANT_CONCURRENCY",
    "SWEEP_SECONDS",
]
NOT_NEGATIVE = ["OPERATION_SETTLE_SECONDS", "OPERATION_LOOK_SECONDS"]
WITHIN_A_CALL = ["VENDOR_CONNECT_TIMEOUT", "VENDOR_READ_TIMEOUT"]


def check_times(**_: Any) -> list[Error]:
    """Every time makes sense by itself, and a lease outlives the longest call made under it."""
    return [*_senseless(), *_longer_than_the_call(), *_lease_too_short()]


def _senseless() -> Iterator[Error]:
    for name in POSITIVE:
        if getattr(settings, name) <= 0:
            yield Error(f"{name} is {getattr(settings, name):g}; it must be more than 0.", id="operations.E001")
    for name in NOT_NEGATIVE:
        if getattr(settings, name) < 0:
            yield Error(f"{name} is {getattr(settings, name):g}; it must not be negative.", id="operations.E001")


def _longer_than_the_call() -> Iterator[Error]:
    for name in WITHIN_A_CALL:
        if getattr(settings, name) > settings.VENDOR_TOTAL_TIMEOUT:
            yield Error(
                f"{name} ({getattr(settings, name):g} s) is longer than VENDOR_TOTAL_TIMEOUT"
                f" ({settings.VENDOR_TOTAL_TIMEOUT:g} s), which a whole call may take.",
                hint=f"Lower {name}, or raise VENDOR_TOTAL_TIMEOUT.",
                id="operations.E002",
            )


def _lease_too_short() -> Iterator[Error]:
    if settings.VENDOR_TOTAL_TIMEOUT >= settings.OPERATION_LEASE_SECONDS:
        yield Error(
            f"OPERATION_LEASE_SECONDS ({settings.OPERATION_LEASE_SECONDS:g} s) must be longer than VENDOR_TOTAL_TIMEOUT"
            f" ({settings.VENDOR_TOTAL_TIMEOUT:g} s): no call would fit into a lease, and nothing would be sent.",
            hint="Raise OPERATION_LEASE_SECONDS; twice VENDOR_TOTAL_TIMEOUT leaves room for a slow start.",
            id="operations.E003",
        )
