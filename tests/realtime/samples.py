"""One row of each kind that the pages of live calls name, and the arguments of each of their addresses."""

from typing import Any


def samples(tenant, owner) -> dict[str, dict[str, Any]]:
    return {"realtime:board": {}}
