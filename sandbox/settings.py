"""Settings of the whole sandbox, kept in the store."""

import random
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.checks import BadInput, Check, checked, seconds
from sandbox.store import Store


def _factor(value: Any) -> float:
    if seconds(value) == 0:
        raise BadInput("must be more than 0")
    return float(value)


FIELDS: dict[str, Check] = {"latency_seconds": seconds, "latency_jitter_seconds": seconds, "report_speed": _factor}


@dataclass(slots=True)
class Settings:
    """How long every vendor call takes: the latency, and evenly from 0 to the jitter on top of it.

    `report_speed` divides the times between a message, its reports, and their attempts.
    """

    latency_seconds: float = 0.0
    latency_jitter_seconds: float = 0.0
    report_speed: float = 1.0

    @classmethod
    def load(cls, store: Store) -> "Settings":
        return cls(**{row["name"]: row["value"] for row in store.all("SELECT name, value FROM settings")})

    def change(self, store: Store, values: dict[str, Any]) -> None:
        """Raises BadInput."""
        for name, value in checked(values, FIELDS).items():
            store.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, value)
            setattr(self, name, value)

    def draw_latency(self) -> float:
        return self.latency_seconds + random.random() * self.latency_jitter_seconds

    def shown(self) -> dict[str, float]:
        return asdict(self)


def report_speed(store: Store) -> float:
    row = store.one("SELECT value FROM settings WHERE name = 'report_speed'")
    return row["value"] if row else 1.0
