"""Whether pages stay as quick over many tenants as over one: lists, search and the support admin, small against large.

Two databases of one throw-away cluster: `small` has one tenant with 1,000 subscribers (and orders, operations, audit entries,
calls in proportion) beside 99 that have none yet; `large` has 1,000 tenants with 1,000,000, among them that same tenant and
one with 100,000. For every ten subscribers there is a SIP account. The same requests, session to rendered page, go to both in
turns; medians are compared. A page passes if it takes at most 1.2 times as long over the large database, or at most 2 ms
longer: less than that nobody sees, and it is what two runs of one page differ by on a busy machine. It may ask at most 12
queries, BEGIN and COMMIT aside. What is asked for is chosen such that a page shows as many rows in each place, and that is
checked: a fuller page takes longer anywhere.

    python -m bench.pages [--tenants 1000] [--subscribers 1000000] [--rounds 15] [--only admin]
"""

import argparse
import re
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench import companies, crowd, phones
from bench.stack import Stack, running_stack

MOST_TIMES, MOST_SECONDS, MOST_QUERIES = 1.2, 0.002, 12
SMALL, LARGE = "portal", "large"
SAME, GIANT = "company", "giant"
SAME_SIZE = 1_000
FULL_PAGE = 100
# So often a page that seems too slow is measured anew, in case something else kept the machine busy.
AGAIN = 2
# Pages turned before the one in the middle is measured.
TURNED = 8
NEXT = re.compile(r'href="([^"]*)"[^>]*rel="next"|rel="next"[^>]*href="([^"]*)"')
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@dataclass
class Page:
    """One request: `url` in each place where it is measured, and what was measured there."""

    name: str
    urls: dict[str, str]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def median(self, place: str) -> float:
        return statistics.median(self.seconds[place])

    def unlike(self) -> bool:
        """Does it show more in one place than in another, by so much that comparing says nothing?"""
        return max(self.rows.values()) > 1.1 * min(self.rows.values())

    def too_slow(self) -> bool:
        return any(self.slower(place) for place in list(self.urls)[1:])

    def slower(self, place: str) -> bool:
        ours, base = self.median(place), self.median(next(iter(self.urls)))
        return ours > base * MOST_TIMES and ours - base > MOST_SECONDS


@dataclass
class Place:
    """Where a page is asked: in a database, as somebody of a tenant or as support staff."""

    name: str
    database: Any
    client: Any


def main() -> int:
    arguments = _arguments()
    with running_stack() as stack:
        started = time.monotonic()
        _load(stack, arguments)
        print(f"loaded in {time.monotonic() - started:.0f} s", flush=True)
        places, pages = _prepared(arguments)
        for page in pages:
            for place in page.urls:
                _count(page, places[place])
        _measure(pages, places, arguments.rounds)
        for _ in range(AGAIN):
            _measure([page for page in pages if page.too_slow()], places, arguments.rounds)
        return _report(pages)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=1_000)
    parser.add_argument("--subscribers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="pages with this in their name: list, search, admin, telephony")
    return parser.parse_args()


# --- The databases ------------------------------------------------------------------------------------------------


def _load(stack: Stack, arguments: argparse.Namespace) -> None:
    from portal.local.embedded import OWNER, Postgres

    postgres = Postgres(stack.place)
    with postgres.connect() as database:
        # Only for loading: what is measured reads.
        for setting in ("max_wal_size = '16GB'", "fsync = off", "full_page_writes = off", "shared_buffers = '256MB'"):
            database.execute(f"alter system set {setting}".encode())
        database.execute("select pg_reload_conf()")
        database.execute(f"create database {LARGE} owner {OWNER} template {SMALL}".encode())
    sizes = _sizes(arguments.tenants, arguments.subscribers)
    # Companies without subscribers, so that pages of companies are as full in both.
    alone = {SAME: SAME_SIZE} | {f"company-{number}": 0 for number in range(1, FULL_PAGE)}
    with postgres.connect(SMALL) as small, postgres.connect(LARGE) as large, ThreadPoolExecutor(1) as beside:
        done = beside.submit(crowd.load, small, alone)
        crowd.load(large, sizes)
        done.result()


def _sizes(tenants: int, subscribers: int) -> dict[str, int]:
    """The measured tenant comes first, so that its rows are those of the small database, number for number."""
    giant = subscribers // 10
    others = companies.skewed(subscribers - giant - SAME_SIZE, tenants - 2)
    return {SAME: SAME_SIZE, GIANT: giant} | {f"company-{number}": size for number, size in enumerate(others, 1)}


# --- Who asks, and for what ---------------------------------------------------------------------------------------


def _prepared(arguments: argparse.Namespace) -> tuple[dict[str, Place], list[Page]]:
    from django.db import connections

    small = connections["default"]
    large = small.copy()
    large.settings_dict["NAME"] = LARGE
    places = {
        place.name: place
        for place in (
            Place("small", small, _member(small, SAME)),
            Place("large", large, _member(large, SAME)),
            Place("giant", large, _member(large, GIANT)),
            Place("small staff", small, _staff(small)),
            Place("large staff", large, _staff(large)),
        )
    }
    pages = [*_list_pages(places), *_search_pages(), *_telephony_pages(arguments), *_admin_pages()]
    return places, [page for page in pages if arguments.only in page.name]


@contextmanager
def _using(database: Any) -> Iterator[None]:
    from django.db import connections

    before = connections["default"]
    connections["default"] = database
    try:
        yield
    finally:
        connections["default"] = before


def _member(database: Any, slug: str) -> Any:
    from portal.tenancy.models import User

    with _using(database):
        return _signed_in(User.objects.get(email=f"member0@{slug}.example"))


def _staff(database: Any) -> Any:
    from allauth.mfa.totp.internal.auth import TOTP

    from portal.tenancy.models import User

    with _using(database):
        sue = User.objects.get(pk=1)
        TOTP.activate(sue, SECRET)
        return _signed_in(sue)


def _signed_in(person: Any) -> Any:
    """A client whose session has shown a second factor."""
    from allauth.account.internal.flows.login import record_authentication
    from django.http import HttpRequest
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.force_login(person)
    request = HttpRequest()
    request.session = client.session
    record_authentication(request, person, "mfa", type="totp")
    request.session.save()
    return client


def _list_pages(places: dict[str, Place]) -> Iterator[Page]:
    """Every list of the portal as it opens, in the middle, by each of its orders; then narrowed."""
    from portal.lists.registry import lists

    for spec in lists():
        yield _of_tenant(f"list {spec.key}", spec.url_name)
        if middle := _middle(spec.url_name, places):
            yield Page(f"list {spec.key}, page {TURNED + 1}", middle)
        for column in spec.columns:
            if column.order:
                yield _of_tenant(f"list {spec.key} by {column.name}", spec.url_name, f"?sort={column.name}")
                yield _of_tenant(f"list {spec.key} by -{column.name}", spec.url_name, f"?sort=-{column.name}")
    for name, query in NARROWED:
        yield _of_tenant(f"list {name} {query}", name, query)


NARROWED = [
    ("provisioning:subscribers", "?q=anna"),
    ("provisioning:subscribers", "?q=bakker+{slug}"),
    ("provisioning:subscribers", "?state=deleted"),
    ("provisioning:subscribers", "?kind=temporary"),
    ("provisioning:orders", "?q=ord-2026"),
    ("provisioning:orders", "?status=moving"),
    ("operations:operations", "?status=refused"),
    ("operations:operations", "?q=b"),
    ("audit:entries", "?q=b"),
]


def _of_tenant(name: str, url_name: str, query: str = "") -> Page:
    from django.urls import reverse

    slugs = {"small": SAME, "large": SAME, "giant": GIANT}
    return Page(
        name, {place: reverse(url_name, args=[slug]) + query.format(slug=slug) for place, slug in slugs.items()}
    )


def _middle(url_name: str, places: dict[str, Place]) -> dict[str, str]:
    """The same number of pages on in each place; {} for a list that is not that long."""
    first = _of_tenant("", url_name)
    found = {}
    for name, url in first.urls.items():
        place = places[name]
        with _using(place.database):
            for _ in range(TURNED):
                link = NEXT.search(place.client.get(url).content.decode())
                if link is None:
                    return {}
                url = (link[1] or link[2]).replace("&amp;", "&")
        found[name] = url
    return found


def _search_pages() -> Iterator[Page]:
    for text in (
        "a",
        "anna",
        "anna.bakker",
        "anna bakker",
        "bakker 2",
        "bakker anna",
        f"{SAME}",
        "ord-2026-0000001",
        "nobody here",
        "2",
    ):
        yield _of_tenant(f"search for {text!r}", "search:found", f"?q={text.replace(' ', '+')}")
    for text in ("a", "anna b"):
        yield _of_tenant(f"search suggests {text!r}", "search:suggestions", f"?q={text.replace(' ', '+')}")


def _telephony_pages(arguments: argparse.Namespace) -> Iterator[Page]:
    """Of the same company, whose numbers are those of the small database, and of the giant one."""
    from django.urls import reverse

    same, giant, *_ = companies.companies(_sizes(arguments.tenants, arguments.subscribers))
    for ours, theirs in zip(phones.pages(same), phones.pages(giant), strict=True):
        here, there = (
            reverse(name, args=[company.slug, *values]) + query
            for company, (name, values, query) in ((same, ours), (giant, theirs))
        )
        yield Page(f"page {ours[0]} {ours[2]}".rstrip(), {"small": here, "large": here, "giant": there})


def _admin_pages() -> Iterator[Page]:
    """Every list of the admin as it opens, searched, and by the first choice of each of its filters."""
    from django.contrib import admin
    from django.http import HttpRequest
    from django.urls import reverse

    for model, model_admin in admin.site._registry.items():
        options = model._meta
        url = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
        yield _of_staff(f"admin {options.label_lower}", url)
        if model_admin.get_search_fields(HttpRequest()):
            for text in [*SEARCHED.get(options.label_lower, []), SAME, "nobody-here"]:
                yield _of_staff(f"admin {options.label_lower} search {text!r}", f"{url}?q={text}")
        for name in model_admin.list_filter:
            if query := _first_choice(model, model_admin, name):
                yield _of_staff(f"admin {options.label_lower} ?{query}", f"{url}?{query}")


SEARCHED = {
    "provisioning.subscriber": ["company anna.adams.20", "anna", "S000000020", "anna.adams.20@company.example"],
    "provisioning.order": ["ORD-2026-0000007"],
    "operations.operation": ["1", "company anna.adams.20", "req000000000007"],
    "audit.entry": ["req000000000007"],
    "vendors.call": ["v000000000007"],
    "tenancy.user": ["member0@company.example", "member0"],
    "tenancy.membership": ["member0@company.example", "member"],
}


def _of_staff(name: str, url: str) -> Page:
    return Page(name, {"small staff": url, "large staff": url})


def _first_choice(model: Any, model_admin: Any, filtered: Any) -> str:
    """As a query string. "" where the choices are only known to a request."""
    if isinstance(filtered, str):
        from django.contrib.admin.utils import get_fields_from_path

        choices = get_fields_from_path(model, filtered)[-1].flatchoices
        value = next((value for value, _ in reversed(choices) if value), "1")
        return f"{filtered}__exact={value}"
    looked_up = filtered(None, {}, model, model_admin).lookup_choices
    return f"{filtered.parameter_name}={looked_up[0][0]}" if looked_up else ""


# --- Measuring ----------------------------------------------------------------------------------------------------


def _count(page: Page, place: Place) -> None:
    """The first request, not timed: caches and prepared plans are made."""
    from django.test.utils import CaptureQueriesContext

    with _using(place.database), CaptureQueriesContext(place.database) as asked:
        page.rows[place.name] = _get(page, place).count("<tr")
    said = (query["sql"] for query in asked.captured_queries)
    page.queries[place.name] = sum(not sql.startswith(("BEGIN", "COMMIT", "ROLLBACK")) for sql in said)


def _measure(pages: list[Page], places: dict[str, Place], rounds: int) -> None:
    """Afresh: all places of a page right after each other, all pages in each round."""
    for page in pages:
        page.seconds = {place: [] for place in page.urls}
    for _ in range(rounds):
        for page in pages:
            for place in page.urls:
                page.seconds[place].append(_timed(page, places[place]))


def _timed(page: Page, place: Place) -> float:
    with _using(place.database):
        started = time.perf_counter()
        _get(page, place)
        return time.perf_counter() - started


def _get(page: Page, place: Place) -> str:
    answer = place.client.get(page.urls[place.name])
    if answer.status_code != 200:
        raise SystemExit(f"{page.name}: {answer.status_code} for {page.urls[place.name]} in {place.name}")
    return answer.content.decode()


def _report(pages: list[Page]) -> int:
    failed = 0
    print(f"{'page':70} {'small':>9} {'large':>9} {'times':>6} {'giant':>9} {'times':>6} {'queries':>7}")
    for page in pages:
        wrong = _wrong(page)
        failed += bool(wrong)
        print(f"{_line(page)}   {wrong}".rstrip(), flush=True)
    print(f"{len(pages)} pages, {failed} of them too slow, with too many queries, or unlike")
    return 1 if failed else 0


def _wrong(page: Page) -> str:
    if page.unlike():
        return f"UNLIKE: {page.rows}"
    if max(page.queries.values()) > MOST_QUERIES:
        return "TOO MANY QUERIES"
    return "TOO SLOW" if page.too_slow() else ""


def _line(page: Page) -> str:
    base, *others = page.urls
    small = page.median(base)
    cells = [f"{page.median(place) * 1000:6.1f} ms {page.median(place) / small:6.2f}" for place in others]
    return (
        f"{page.name[:70]:70} {small * 1000:6.1f} ms {' '.join([*cells, ' ' * 16][:2])} {max(page.queries.values()):7}"
    )


if __name__ == "__main__":
    sys.exit(main())
