"""The companies that a crowd is made of, and the people, names and moments of their rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOW = datetime.now(UTC).replace(microsecond=0)
YEAR = timedelta(days=365)
FIRST = ["anna", "bert", "chloe", "daan", "emma", "finn", "grace", "hugo", "iris", "jan"]
LAST = ["adams", "bakker", "cools", "dijkstra", "evers", "fischer", "groot"]
MEMBERS = 3


@dataclass(frozen=True)
class Company:
    """One tenant and how many subscribers it has. `first` is the number of its first one."""

    pk: int
    slug: str
    subscribers: int
    first: int

    def share(self, per_hundred: int) -> range:
        """Numbers of its orders, operations and so on, over all companies."""
        end = self.first + self.subscribers
        return range(self.first * per_hundred // 100 + 1, end * per_hundred // 100 + 1)


def companies(sizes: dict[str, int]) -> list[Company]:
    made, first = [], 1
    for pk, (slug, subscribers) in enumerate(sizes.items(), 1):
        made.append(Company(pk, slug, subscribers, first))
        first += subscribers
    return made


def skewed(total: int, count: int) -> list[int]:
    """`count` sizes that make `total`: few large ones, many small ones."""
    weights = [1 / rank**0.7 for rank in range(1, count + 1)]
    sizes = [int(total * weight / sum(weights)) for weight in weights]
    sizes[0] += total - sum(sizes)
    return sizes


def owner_of(company: Company) -> int:
    return company.pk * MEMBERS + 1


def moments(numbers: range, over: timedelta = YEAR) -> Iterator[tuple[int, datetime]]:
    """Each number with its time, evenly over the last year, or so long."""
    step = over / max(1, len(numbers))
    for place, number in enumerate(numbers):
        yield number, NOW - over + place * step


def username(number: int) -> str:
    return f"{FIRST[number % 10]}.{LAST[number // 10 % 7]}.{number}"
