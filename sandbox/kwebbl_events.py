"""What Kwebbl tells its subscribers: which subscription hears of what, in which words, and when it leaves."""

import json
import random
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sandbox.kwebbl_company import Company
from sandbox.store import Row
from sandbox.wire import iso_utc

Party = dict[str, str]
"""`number` (internal, or external as +E.164), `extension_id` for who has one, `caller_id`."""

OTHER_WORDS = {"resume": ["resume", "resumed"]}


@dataclass(frozen=True)
class Told:
    """An event before it is spelled. `legs` have call_id, from, via, to and direction; `more` goes beside them as it is,
    but for the parties within `before`, `after` and `initiator`.
    """

    event_type: str
    legs: list[dict[str, Any]]
    more: dict[str, Any] = field(default_factory=dict)

    def parties(self, which: str) -> list[Party]:
        """Of `from` or `to`, or of both for "*"; before and after a transfer."""
        sides = ("from", "to") if which == "*" else (which,)
        ends = [*self.legs, *(self.more[name] for name in ("before", "after") if name in self.more)]
        found = [end[side] for end in ends for side in sides if end.get(side)]
        return found + ([self.more["initiator"]] if which == "*" and "initiator" in self.more else [])


def tell(company: Company, told: Told) -> None:
    """Puts the event on its way to every subscription that is about it."""
    store = company.store
    number = _next_number(company)
    # The document's "bridged" has the ID of its "answered".
    shared = company.manners["spelling"] == "mixed" and told.event_type == "bridged"
    event_id = _event_id(company, number - 1 if shared else number)
    at = datetime.now(UTC)
    for subscription in store.all(
        "SELECT * FROM kwebbl_subscriptions WHERE client_id = ? AND cancelled_at IS NULL", company.client_id
    ):
        if _hears(company, subscription, told):
            dice = random.Random(f"{company.manners['seed']}/{number}/{subscription['id']}")
            body = Speller(company, dice, presence=subscription["mode"] == "presence").body(told, event_id, at)
            _send(company, subscription, told.event_type, event_id, body, dice)


def _next_number(company: Company) -> int:
    store = company.store
    store.run("UPDATE kwebbl_companies SET events_made = events_made + 1 WHERE client_id = ?", company.client_id)
    return store.count("SELECT events_made FROM kwebbl_companies WHERE client_id = ?", company.client_id)


def _event_id(company: Company, number: int) -> str:
    salt = random.Random(f"{company.client_id}/{number}").getrandbits(16)
    return f"{salt:04x}{number:06x}"


def _hears(company: Company, subscription: Row, told: Told) -> bool:
    types = json.loads(subscription["event_types"])
    if "*" not in types and told.event_type not in types:
        return False
    if subscription["own_alone"]:
        own = {"extension_id": subscription["extension_id"], "number": "*"}
        if not _is_about(company, own, told):
            return False
    return any(_is_about(company, agent, told) for agent in json.loads(subscription["agents"]))


def _is_about(company: Company, agent: dict[str, str], told: Told) -> bool:
    number, extension_id = agent.get("number", "*"), agent.get("extension_id", "*")
    if (number, extension_id) == ("*", "*"):
        return True
    parties = told.parties(agent.get("field", "*"))
    if extension_id != "*":
        return any(party.get("extension_id") == extension_id for party in parties)
    return any(party.get("number") == number for party in parties)


def _send(company: Company, subscription: Row, event_type: str, event_id: str, body: str, dice: random.Random) -> None:
    """Late, twice, out of order or never, as the company's manners have it."""
    manners = company.manners
    if dice.random() < manners["lost"]:
        return
    due_at = time.time() + dice.random() * manners["disorder_seconds"]
    if dice.random() < manners["late"]:
        due_at += manners["late_seconds"]
    moments = [due_at]
    if dice.random() < manners["twice"]:
        moments.append(due_at + dice.random() * max(manners["late_seconds"], 0.1))
    for moment in moments:
        company.store.insert(
            "INSERT INTO kwebbl_events (client_id, event_id, event_type, subscription_id, url, body, due_at, made_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            company.client_id,
            event_id,
            event_type,
            subscription["subscription_id"],
            subscription["callback_url"],
            body,
            moment,
            iso_utc(),
        )


class Speller:
    """Writes an event as the document might: plainly, or each time in another of its spellings ("mixed")."""

    def __init__(self, company: Company, dice: random.Random, *, presence: bool) -> None:
        self._mixed = company.manners["spelling"] == "mixed"
        self._dice = dice
        self._presence = presence

    def body(self, told: Told, event_id: str, at: datetime) -> str:
        event: dict[str, Any] = {"id": event_id, "event_type": self._type(told.event_type)}
        if told.event_type == "bridged":
            event["calls"] = [self._leg(leg) for leg in told.legs]
        elif told.event_type == "transferred":
            event["call_id"] = told.legs[0]["call_id"]
        else:
            event |= self._leg(told.legs[0])
            if told.event_type == "created" and self._one_in(3):
                del event["call_id"]
        event |= self._more(told.more)
        event["time"] = self._time(at)
        text = json.dumps(event, indent=2)
        return self._without_a_comma(text) if self._one_in(4) else text

    def _one_in(self, chances: int) -> bool:
        return self._mixed and self._dice.randrange(chances) == 0

    def _type(self, event_type: str) -> str:
        if not self._mixed:
            return event_type
        words = OTHER_WORDS.get(event_type, [event_type, event_type.replace("_", "-")])
        return self._dice.choice(words)

    def _leg(self, leg: dict[str, Any]) -> dict[str, Any]:
        told = {"call_id": leg["call_id"], "from": self._party(leg["from"])}
        if leg.get("via") and not self._presence:
            told["via"] = self._party(leg["via"])
        return told | {"to": self._party(leg["to"]), "direction": leg["direction"]}

    def _more(self, more: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, value in more.items():
            if name in ("before", "after"):
                told[name] = {side: self._party(value[side]) for side in ("from", "to")}
            elif name == "initiator":
                told[name] = self._party(value)
            elif not self._presence:
                told[name] = value
        return told

    def _party(self, party: Party) -> dict[str, Any]:
        if "extension_id" not in party:
            return self._outsider(party)
        told: dict[str, Any] = {"number": party["number"], "extension_id": party["extension_id"]}
        if party.get("caller_id") and not self._presence:
            told["caller_id"] = party["caller_id"]
        if self._one_in(3):
            del told[self._dice.choice(["number", "extension_id"])]
        if self._one_in(8) and not told.get("number", "0").startswith("0"):
            told["number"] = int(told["number"])
        return told

    def _outsider(self, party: Party) -> dict[str, Any]:
        if self._presence or "number" not in party:
            return {"caller_id": "anonymous"}
        number = party["number"].removeprefix("+")
        outer = party["number"].startswith("+")
        forms = [party["number"], number, f"00{number}"] if outer and self._mixed else [party["number"]]
        told: dict[str, Any] = {"number": self._dice.choice(forms)}
        return told | ({"caller_id": party["caller_id"]} if party.get("caller_id") else {})

    def _time(self, at: datetime) -> str:
        zone = self._dice.choice([UTC, timezone(timedelta(hours=2))]) if self._mixed else UTC
        told = at.astimezone(zone).isoformat(timespec="milliseconds")
        return told.replace("+00:00", "Z") if zone is UTC and not self._one_in(2) else told

    def _without_a_comma(self, text: str) -> str:
        """As in the document's "Bridged" and "Terminated": none before the time."""
        return re.sub(r',(\n\s*"time")', r"\1", text)
