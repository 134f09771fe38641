"""Checking the chains of the audit trail: what was altered, taken out, put in by hand or cut off, and where first.

Reads in batches of a transaction each, so that it may run beside a busy portal.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.db.models import Count, Exists, Min, OuterRef, Q, Subquery

from portal.audit.chain import FIELDS, GENESIS, Place, Values, digest_of, head_of, known_keys, values_of
from portal.audit.models import Entry, Link, Unchained
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope

logger = logging.getLogger(__name__)

# What the chain of the acts outside any tenant is called; no slug looks like it.
OUTSIDE = ":outside"
BATCH = 2_000
# Entries are chained in the order of their commits, and no act takes this long from its time to its commit.
LONGEST_ACT = timedelta(hours=1)


class Flaw(StrEnum):
    ALTERED = "altered"
    ENTRY_GONE = "entry gone"
    LINK_GONE = "link gone"
    NEVER_CHAINED = "never chained"
    ADDED = "added"
    BACKDATED = "backdated"
    KEY_UNKNOWN = "key unknown"
    CUT_OFF = "cut off"
    REPLACED = "replaced"


@dataclass(frozen=True)
class Chain:
    """A tenant's chain by its slug, or OUTSIDE with `tenant_id` None."""

    name: str
    tenant_id: int | None


@dataclass(frozen=True)
class Finding:
    """`entry_id` is the row it is about; None where it is about a link or a whole chain."""

    flaw: Flaw
    text: str
    entry_id: int | None = None


@dataclass(frozen=True)
class Anchor:
    """A chain's head as it was told once, kept where the database's administrators do not reach."""

    chain: str
    sequence: int
    digest: str

    def __str__(self) -> str:
        return f"{self.chain} {self.sequence} {self.digest}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """From what `str` made of one. Raises ValueError."""
        chain, sequence, digest = text.split()
        if len(bytes.fromhex(digest)) != len(GENESIS) or int(sequence) < 1:
            raise ValueError(text)
        return cls(chain, int(sequence), digest.lower())


@dataclass
class Report:
    """What one chain was found to be. `findings` are the first of each sort, the first of all first; `counts` how many."""

    chain: Chain
    checked: int = 0
    waiting: int = 0
    head: Anchor | None = None
    findings: dict[Flaw, Finding] = field(default_factory=dict)
    counts: Counter[Flaw] = field(default_factory=Counter)

    def add(self, flaw: Flaw, text: str, entry_id: int | None = None, count: int = 1) -> None:
        self.findings.setdefault(flaw, Finding(flaw, text, entry_id))
        self.counts[flaw] += count


def verify(tenant: Tenant | None = None, anchors: Iterable[Anchor] = ()) -> Iterator[Report]:
    """Check the chain of `tenant`, or every one, and whether it still holds what `anchors` say of it."""
    by_chain: dict[str, list[Anchor]] = {}
    for anchor in anchors:
        by_chain.setdefault(anchor.chain, []).append(anchor)
    for chain in _chains(tenant):
        report = Report(chain)
        _Walk(report).go()
        _outside_the_chain(report)
        _compare(report, by_chain.pop(chain.name, []))
        yield report
    if tenant is None:
        yield from map(_chain_gone, by_chain.values())


def _chains(tenant: Tenant | None) -> list[Chain]:
    if tenant is not None:
        return [Chain(tenant.slug, tenant.pk)]
    with staff_scope():
        tenants = Tenant.objects.order_by("slug").values_list("slug", "pk")
        return [*(Chain(slug, pk) for slug, pk in tenants), Chain(OUTSIDE, None)]


# --- Along the chain ----------------------------------------------------------------------------------------------


class _Walk:
    """From link to link, each checked against the digest that is stored before it: one flaw does not hide the next."""

    def __init__(self, report: Report) -> None:
        self.report, self.keys = report, known_keys()
        self.sequence, self.previous = 0, GENESIS
        self.last: Values | None = None
        self.newest: datetime | None = None

    def go(self) -> None:
        while batch := self._batch():
            for link, values in batch:
                self._step(link, values)
        if self.sequence:
            self.report.head = Anchor(self.report.chain.name, self.sequence, self.previous.hex())

    def _batch(self) -> list[tuple[Link, Values | None]]:
        with staff_scope():
            links = Link.objects.filter(tenant=self.report.chain.tenant_id, sequence__gt=self.sequence)
            found = list(links.order_by("sequence")[:BATCH])
            values = values_of([link.entry_id for link in found])
        return [(link, values.get(link.entry_id)) for link in found]

    def _step(self, link: Link, values: Values | None) -> None:
        unbroken = link.sequence == self.sequence + 1
        if not unbroken:
            self._links_gone(link, values)
        if values is None:
            self._entry_gone(link)
        elif unbroken:
            self._check(link, values)
        self.sequence, self.previous = link.sequence, bytes(link.digest)
        self.last = values or self.last
        self.report.checked += 1

    def _check(self, link: Link, values: Values) -> None:
        key, place = self.keys.get(link.key_id), Place(link.tenant_id, link.sequence, link.chained_at)
        if key is None:
            text = f"link {link.sequence} on: made with key {link.key_id}, which AUDIT_OLD_KEYS lacks; not checked"
            self.report.add(Flaw.KEY_UNKNOWN, text)
        elif digest_of(key, self.previous, place, values) != link.digest:
            text = f"link {link.sequence}: {_told(values)} was altered, or stood in another place of the chain"
            self.report.add(Flaw.ALTERED, text, link.entry_id)
        else:
            self._check_time(link, values)

    def _check_time(self, link: Link, values: Values) -> None:
        at = values[FIELDS.index("at")]
        if self.newest and at < self.newest - LONGEST_ACT:
            text = f"link {link.sequence}: {_told(values)} was put in later, with a time before its neighbours'"
            self.report.add(Flaw.BACKDATED, text, link.entry_id)
        if at <= link.chained_at:
            self.newest = max(at, self.newest or at)

    def _links_gone(self, link: Link, values: Values | None) -> None:
        first, last = self.sequence + 1, link.sequence - 1
        gone = f"link {first} is" if first == last else f"links {first} to {last} are"
        text = f"{gone} gone, with what they held: between {_told(self.last)} and {_told(values)}"
        self.report.add(Flaw.LINK_GONE, text, count=last - first + 1)

    def _entry_gone(self, link: Link) -> None:
        text = (
            f"link {link.sequence}: entry {link.entry_id}, chained at {_utc(link.chained_at)}, was taken out;"
            f" it followed {_told(self.last)}"
        )
        self.report.add(Flaw.ENTRY_GONE, text, link.entry_id)


def _told(values: Values | None) -> str:
    """Which entry, when, who and what, by what it says now."""
    if values is None:
        return "the chain's beginning or an entry that is gone"
    entry = dict(zip(FIELDS, values, strict=True))
    words = [_utc(entry["at"]), entry["actor_label"], entry["action"], entry["object_label"]]
    return f"entry {entry['id']} ({', '.join(word for word in words if word)})"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


# --- Beside the chain ---------------------------------------------------------------------------------------------


def _outside_the_chain(report: Report) -> None:
    with staff_scope():
        queue, added = _queue(report.chain.tenant_id), _added(report.chain.tenant_id)
        values = values_of([added["first"]]) if added["count"] else {}
    report.waiting = queue["waiting"]
    if queue["gone"]:
        text = f"entry {queue['first_gone']} was taken out before it was chained"
        report.add(Flaw.NEVER_CHAINED, text, queue["first_gone"], queue["gone"])
    if added["count"]:
        text = f"{_told(values.get(added['first']))} was put in past the chain"
        report.add(Flaw.ADDED, text, added["first"], added["count"])


def _queue(tenant_id: int | None) -> dict[str, int]:
    """How many wait, and how many wait in vain since their entry is `gone`."""
    there = Exists(Entry.objects.filter(pk=OuterRef("entry_id")))
    return (
        Unchained.objects.filter(tenant=tenant_id)
        .annotate(there=there)
        .aggregate(
            waiting=Count("pk", filter=Q(there=True)),
            gone=Count("pk", filter=Q(there=False)),
            first_gone=Min("entry_id", filter=Q(there=False)),
        )
    )


def _added(tenant_id: int | None) -> dict[str, int]:
    """Entries that are neither chained nor wait to be: not even the table's trigger saw them come."""
    known = [Exists(rows.filter(entry_id=OuterRef("pk"))) for rows in (Link.objects, Unchained.objects)]
    strangers = Entry.objects.filter(*(~each for each in known), tenant=tenant_id)
    return strangers.aggregate(count=Count("pk"), first=Min("pk"))


# --- Heads --------------------------------------------------------------------------------------------------------


def _compare(report: Report, anchors: Iterable[Anchor]) -> None:
    for anchor in anchors:
        with staff_scope():
            link = Link.objects.filter(tenant=report.chain.tenant_id, sequence=anchor.sequence).first()
        if link is None:
            report.add(Flaw.CUT_OFF, f"link {anchor.sequence} was there before and is gone: the chain was cut off")
        elif link.digest.hex() != anchor.digest:
            report.add(Flaw.REPLACED, f"link {anchor.sequence} was another one before: the chain was replaced")


def _chain_gone(anchors: list[Anchor]) -> Report:
    report = Report(Chain(anchors[0].chain, None))
    report.add(Flaw.CUT_OFF, "there was a chain of this name before, and there is no such company now")
    return report


def heads() -> list[Anchor]:
    """Where each chain ends now."""
    newest = Link.objects.filter(tenant=OuterRef("pk")).order_by("-sequence")
    with staff_scope():
        ends = Tenant.objects.annotate(
            sequence=Subquery(newest.values("sequence")[:1]), digest=Subquery(newest.values("digest")[:1])
        ).exclude(sequence=None)
        found = list(ends.order_by("slug").values_list("slug", "sequence", "digest"))
        if outside := head_of(None):
            found.append((OUTSIDE, outside.sequence, outside.digest))
    return [Anchor(name, sequence, bytes(digest).hex()) for name, sequence, digest in found]


def anchor_of(chain: str, head: Link) -> Anchor:
    return Anchor(chain, head.sequence, bytes(head.digest).hex())


def tell_heads() -> None:
    """To the log, once a day, so that what was there can be proved by a copy that the database's people cannot write."""
    for head in heads():
        logger.info("audit head: %s", head)
