"""The arguments of each address of messaging, made by those who know the pages."""

from typing import Any

from tests.messaging import (
    samples_of_people,
    samples_of_reports,
    samples_of_sending,
    samples_of_steering,
    samples_of_writing,
)


def samples(tenant, owner) -> dict[str, dict[str, Any]]:
    """{"messaging:name": its arguments without the slug} for every address of the app."""
    found: dict[str, dict[str, Any]] = {}
    for part in (samples_of_people, samples_of_reports, samples_of_sending, samples_of_steering, samples_of_writing):
        found |= part.samples(tenant, owner)
    return found
