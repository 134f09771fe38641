"""What waits for a person, on a tenant's first page."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from portal.operations.attention import newest_needing_a_person

SHOWN = 5


def attention_card(request: HttpRequest) -> tuple[str, Mapping[str, Any]]:
    """The newest operations that need a person."""
    return "operations/_home_card.html", {"operations": newest_needing_a_person(request, SHOWN)}
