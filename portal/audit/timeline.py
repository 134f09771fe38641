"""One timeline of an object, or of everything that came of one click: what all apps know of it, joined by request.

Each app registers its sources. A source picks rows and says what a row tells; the rows of all sources are read by one query,
newest first. What came of one click makes one thread: first the click, then what followed from it.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import F, Model, QuerySet, Value
from django.db.models.functions import JSONObject
from django.urls import reverse

from portal.audit.changes import Change
from portal.tenancy.models import Membership
from portal.tenancy.roles import Role

SIZE = 40


@dataclass(frozen=True)
class Wanted:
    """What is told: one object ("provisioning.order", 5), or what came of one request.

    `readable` are the types of objects whose acts may be read, None for all of them.
    """

    object_type: str = ""
    object_id: int = 0
    request_id: str = ""
    readable: frozenset[str] | None = None

    @property
    def ref(self) -> str:
        return ref_of(self.object_type, self.object_id)

    def is_about(self, model: type[Model]) -> bool:
        return self.object_type == model._meta.label_lower


@dataclass(frozen=True)
class Happening:
    """One line of a timeline.

    `request_id` is the click that it came of, `root` the operation or the like that it hangs on, `ref` the object that it
    happened to ("" each where there is none). `act` is what the audit trail calls it: an entry of the same act on the same
    object is not told twice. `begins`: this is the click itself. `vendors_clock`: the time is the vendor's. `steps` are told
    on demand. `ip_address`, `changes` and `entry_id` are for those who may read the audit trail.
    """

    at: datetime
    text: Any
    who: str = ""
    on_behalf_of: str = ""
    request_id: str = ""
    root: str = ""
    ref: str = ""
    label: str = ""
    act: str = ""
    entry_id: int | None = None
    vendors_clock: bool = False
    begins: bool = False
    tone: str = ""
    word: Any = ""
    said: str = ""
    vendor_request_id: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    calls: tuple[Mapping[str, Any], ...] = ()
    steps: tuple["Happening", ...] = ()
    changes: tuple[Change, ...] = ()
    ip_address: str = ""
    url: str = ""


@dataclass(frozen=True)
class Thread:
    """What came of one click, or one thing that happened by itself."""

    first: Happening
    rest: list[Happening] = field(default_factory=list)


@dataclass(frozen=True)
class Timeline:
    """Newest thread first; within a thread oldest first. `older` is the time before which there is more."""

    threads: list[Thread]
    older: datetime | None = None


@dataclass(frozen=True)
class Source:
    """`rows` gives the rows that tell of what is wanted, None where they never do; `at` is the field they are ordered by.

    `fields` are what `tell` is given of a row, as JSON: {key: field or expression}.
    """

    name: str
    rows: Callable[[Wanted], QuerySet[Any] | None]
    at: str
    fields: Mapping[str, Any]
    tell: Callable[[dict[str, Any]], Iterable[Happening]]


@dataclass(frozen=True)
class Page:
    """Where objects of a type have their page, and whom it opens for. See `register_page` for `one_story`."""

    url_name: str
    role: Role
    one_story: bool


_sources: dict[str, Source] = {}
_pages: dict[str, Page] = {}


def register(*sources: Source) -> None:
    """Add sources, in `AppConfig.ready`."""
    _sources.update({source.name: source for source in sources})


def register_page(model: type[Model], url_name: str, role: Role = Role.VIEWER, *, one_story: bool = False) -> None:
    """Objects of `model` have a page with their timeline at `url_name` with their number, for members who pass `role`.

    `one_story`: all that happens to one came of the click that made it, also what the portal finds out by itself.
    """
    _pages[model._meta.label_lower] = Page(url_name, role, one_story)


def told_to(membership: Membership) -> frozenset[str]:
    """The types of objects whose timelines the member may read."""
    return frozenset(name for name, page in _pages.items() if membership.allows(page.role))


def page_of(ref: str, membership: Membership) -> str:
    """The address of an object's page, "" where it has none or the member may not open it."""
    object_type, _, number = ref.rpartition(":")
    page = _pages.get(object_type)
    if page is None or not number.isdecimal() or not membership.allows(page.role):
        return ""
    return reverse(page.url_name, args=[membership.tenant.slug, number])


def ref_of(object_type: str, object_id: Any) -> str:
    return f"{object_type}:{object_id}"


# --- Reading ------------------------------------------------------------------------------------------------------


def timeline_of(wanted: Wanted, before: datetime | None = None, size: int = SIZE) -> Timeline:
    """What the newest `size` rows tell, of those that are older than `before`. One query."""
    rows = _rows(wanted, before, size + 1)
    older = None
    if len(rows) > size:
        older = rows[size - 1][0]
        rows = [row for row in rows if row[0] >= older]
    told = [happening for _, name, row in rows for happening in _sources[name].tell(row)]
    return Timeline(join(told, _keys_of(wanted)), older)


def _rows(wanted: Wanted, before: datetime | None, size: int) -> list[tuple[datetime, str, dict[str, Any]]]:
    """(time, source, row), newest first."""
    branches = [
        _branch(source, rows, before, size) for source in _sources.values() if (rows := source.rows(wanted)) is not None
    ]
    if not branches:
        return []
    first, *rest = branches
    return list((first.union(*rest, all=True) if rest else first).order_by("-story_at")[:size])


def _branch(source: Source, rows: QuerySet[Any], before: datetime | None, size: int) -> QuerySet[Any]:
    rows = rows.annotate(story_at=F(source.at), story_source=Value(source.name), story=JSONObject(**source.fields))
    if before:
        rows = rows.filter(story_at__lt=before)
    return rows.order_by("-story_at", "-pk").values_list("story_at", "story_source", "story")[:size]


# --- Joining ------------------------------------------------------------------------------------------------------


Keys = Callable[[Sequence[Happening]], list[str]]


def by_click(told: Sequence[Happening]) -> list[str]:
    """What hangs on a root stays with it, wherever it came of; the root is where its first click is."""
    clicks: dict[str, str] = {}
    for one in told:
        clicks.setdefault(one.root, one.request_id or one.root)
    return [clicks[one.root] if one.root else one.request_id for one in told]


def by_story(told: Sequence[Happening]) -> list[str]:
    """As `by_click`; what nobody clicked belongs to the first click there is."""
    keys = by_click(told)
    first = next(filter(None, keys), "")
    return [key or first for key in keys]


def by_object(told: Sequence[Happening]) -> list[str]:
    """Of one click: what happened to each object, with the operation that it hangs on."""
    return [one.root or one.ref for one in told]


def _keys_of(wanted: Wanted) -> Keys:
    if wanted.request_id:
        return by_object
    page = _pages.get(wanted.object_type)
    return by_story if page and page.one_story else by_click


def join(happenings: Iterable[Happening], keys_of: Keys = by_click) -> list[Thread]:
    """Threads of what has the same key, the newest first; what has none stands alone."""
    told = sorted(_without_echoes(happenings), key=lambda one: one.at)
    together: dict[str, list[Happening]] = defaultdict(list)
    for number, (one, key) in enumerate(zip(told, keys_of(told), strict=True)):
        together[key or f"#{number}"].append(one)
    threads = [_thread(each) for each in together.values()]
    return sorted(threads, key=lambda thread: thread.first.at, reverse=True)


def _without_echoes(happenings: Iterable[Happening]) -> list[Happening]:
    """What both the audit trail and an app tell is told once: in the app's words, with what only the trail knows."""
    told = sorted(happenings, key=lambda one: one.at)
    entries: dict[tuple[str, str], deque[Happening]] = defaultdict(deque)
    for one in told:
        if one.entry_id:
            entries[one.ref, one.act].append(one)
    own = [_with_entry(one, entries[one.ref, one.act]) for one in told if not one.entry_id]
    return own + [entry for left in entries.values() for entry in left]


def _with_entry(one: Happening, entries: deque[Happening]) -> Happening:
    return _merged(one, entries.popleft()) if entries else one


def _merged(one: Happening, entry: Happening) -> Happening:
    return replace(
        one,
        who=one.who or entry.who,
        on_behalf_of=entry.on_behalf_of,
        request_id=one.request_id or entry.request_id,
        entry_id=entry.entry_id,
        changes=entry.changes,
        ip_address=entry.ip_address,
        said=one.said or entry.said,
    )


def _thread(happenings: list[Happening]) -> Thread:
    """The click comes first, whatever the vendor's clock says of what followed."""
    first, *rest = sorted(happenings, key=lambda one: (not one.begins, one.at))
    return Thread(first, rest)


# --- Who reads ----------------------------------------------------------------------------------------------------


def seen_by(membership: Membership, timeline: Timeline, wanted: Wanted) -> Timeline:
    """With addresses of the pages that the member may open, and the page's own object not named again and again.

    Only who may read the audit trail is shown its own parts: where somebody came from, before and after, and the entries.
    """
    reads_trail = membership.allows(Role.ADMIN)

    def seen(one: Happening) -> Happening:
        own = one.ref == wanted.ref
        one = replace(one, label="") if own else replace(one, url=page_of(one.ref, membership))
        return one if reads_trail else replace(one, ip_address="", changes=(), entry_id=None)

    threads = [Thread(seen(thread.first), [*map(seen, thread.rest)]) for thread in timeline.threads]
    return replace(timeline, threads=threads)
