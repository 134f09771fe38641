"""Which subscriptions a telephone system needs: it follows from what people want, and from what their grants allow."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from realtime.grants.models import Grant
from realtime.grants.scopes import purposes_in
from realtime.models import RealtimeAccount
from realtime.remote import ANY, DEFAULT_EVENTS, Agent, Mode
from realtime.subscriptions.models import Subscription

EVENTS, PRESENCE, PERSONAL = "calls.events", "calls.events.presence", "calls.events.personal"


@dataclass(frozen=True)
class Need:
    """One subscription that shall stand, over `grant`. `agents` as they are sent: all, or one's own telephone."""

    grant: Grant
    mode: str
    event_types: tuple[str, ...]
    agents: tuple[Agent, ...] = (Agent(),)

    @property
    def owner(self) -> int | None:
        """Whose it is: a person's, or (None) the company's."""
        return self.grant.user_id

    @property
    def agents_sent(self) -> list[dict[str, str]]:
        return [agent.on_the_wire() for agent in self.agents]

    def met_by(self, row: Subscription) -> bool:
        """Was this asked for by `row`?"""
        asked = (row.mode, sorted(row.event_types), row.agents)
        return asked == (self.mode, sorted(self.event_types), self.agents_sent)


def needs(account: RealtimeAccount, grants: Sequence[Grant], telephones: Mapping[int, str]) -> list[Need]:
    """`grants` are the active ones, `telephones` the vendor's IDs of people's own extensions by user."""
    company = next((grant for grant in grants if not grant.personal), None)
    of_company = _of_company(wants(account, company), company) if company else None
    if of_company and of_company.mode == Mode.DETAILED:
        # It tells of everybody's calls already.
        return [of_company]
    own = [_own(grant, telephones) for grant in grants if grant.personal and PERSONAL in grant.scopes]
    return [*([of_company] if of_company else []), *own]


def wants(account: RealtimeAccount, company: Grant | None) -> set[str]:
    """What the company wants to do; where nobody said it, all that its grant is for."""
    return set(account.purposes) or {purpose.key for purpose in purposes_in(company.scopes if company else ())}


def lacking(account: RealtimeAccount, company: Grant) -> list[str]:
    """The scopes without which less is told than the company wants."""
    wanted, held = wants(account, company), set(company.scopes)
    lacks_events = "events" in wanted and EVENTS not in held
    lacks_presence = "presence" in wanted and not held & {EVENTS, PRESENCE}
    return [scope for scope, lacks in ((EVENTS, lacks_events), (PRESENCE, lacks_presence)) if lacks]


def _of_company(wanted: set[str], company: Grant) -> Need | None:
    held = set(company.scopes)
    if "events" in wanted and EVENTS in held:
        return Need(company, Mode.DETAILED, (ANY,))
    if wanted & {"events", "presence"} and held & {EVENTS, PRESENCE}:
        # With this scope alone the vendor allows these events and this mode, and no others.
        return Need(company, Mode.PRESENCE, DEFAULT_EVENTS)
    return None


def _own(grant: Grant, telephones: Mapping[int, str]) -> Need:
    """Of one's own calls. Where the telephone is known it is named, since only one's own may be asked for."""
    extension_id = telephones.get(grant.user_id or 0)
    agents = (Agent(extension_id=extension_id),) if extension_id else (Agent(),)
    return Need(grant, Mode.DETAILED, (ANY,), agents)


def of_owner(rows: Iterable[Subscription], owner: int | None) -> list[Any]:
    """Those that were asked for over a grant of `owner`; each row brings its grant along."""
    return [row for row in rows if row.grant is not None and row.grant.user_id == owner]
