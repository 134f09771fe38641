"""A portal as in production, full of samples, and every one of its pages in a real Chromium.

The pages are those that the resolver knows: a new one is visited without being named here. What answers with no whole page
(a fragment, a file, a redirect, a door that is shut to GET) is left out.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import Browser, BrowserContext, Error, Page, ViewportSize

from portal.billing.asking import AskedForm
from portal.local.environment import CHECKOUT
from portal.local.pytest_plugin import test_place
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.billing.vendor_invoices import staff_samples
from tests.fixtures.browser import EXPECTED_REMARK
from tests.fixtures.cast import Cast, make_cast, sign_in_with_second_factor
from tests.fixtures.database import empty_all_tables, environment_of_processes
from tests.fixtures.processes import serving
from tests.sweep.addresses import Address, addresses, all_samples, tenant_addresses, url_of

ALICE, SUE, CHARLIE, NOBODY = "alice", "sue", "charlie", "nobody"
WIDE: ViewportSize = {"width": 1280, "height": 800}
# Chromium gives up on a server that answers from memory long before this.
SLOWEST = 20_000
ERRORS = {"404": "/nowhere/", "403": "/t/globex/settings/", "400": "/t/acme/%00/"}
# What Chromium says of an empty 405, and of a file to keep.
NO_PAGE = ("ERR_HTTP_RESPONSE_CODE_FAILURE", "Download is starting")
# Ended by being looked at, or about nothing that a browser shows.
NOT_PAGES = {
    "healthy",
    "account_logout",
    "mfa_download_recovery_codes",
    "mfa_reauthenticate_webauthn",
    "mfa_login_webauthn",
}


@dataclass(frozen=True)
class Visit:
    """Who looks at what: an address with its arguments, or a path."""

    name: str
    visitor: str
    url: str


def visited_names() -> list[str]:
    """The test ids: known when tests are collected, before there is any row."""
    tenant = [address.name for address in tenant_addresses()]
    return [*tenant, "home of a new company", *_open_names(), *(f"error {code}" for code in ERRORS), *_admin_names()]


def _open_names() -> list[str]:
    """Pages outside the tenants that take no argument; the gallery is for development servers only."""
    return [
        address.name
        for address in addresses()
        if not address.of_tenant
        and not address.route.startswith(("admin/", "ui/"))
        and address.name not in NOT_PAGES
        and _reversible(address)
    ]


def _reversible(address: Address) -> bool:
    try:
        reverse(address.name)
    except NoReverseMatch:
        return False
    return True


def _admin_names() -> list[str]:
    models = [model._meta for model in admin.site._registry]
    # Of most, a row's page has the form of a new one.
    own = [
        address.name
        for address in addresses()
        if address.route.startswith("admin/") and not address.name.endswith("_add") and _reversible(address)
    ]
    lists = {f"admin:{meta.app_label}_{meta.model_name}_changelist" for meta in models}
    shut = {"admin:login", "admin:logout", "admin:jsi18n", "admin:autocomplete"}
    return [
        *sorted({name for name in own if name not in shut} | lists),
        *(f"row of {meta.label}" for meta in models),
        *(f"new {meta.label}" for meta in models if _has_own_form(meta)),
    ]


def _has_own_form(meta: Any) -> bool:
    """Is a row added by another form than it is shown in?"""
    return isinstance(admin.site._registry[meta.model], AskedForm)


class Tab:
    """A wide page without a cache that shows one address after the other: to open a page takes Chromium longer than to
    show most addresses.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.usable = True
        # What the console said of the address shown, and its bytes as they travelled, headers among them.
        self.complaints: list[str] = []
        self.sizes: list[float] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.set_viewport_size(WIDE)
        line = page.context.new_cdp_session(page)
        line.send("Network.enable")
        line.send("Network.setCacheDisabled", {"cacheDisabled": True})
        line.on("Network.loadingFinished", lambda told: self.sizes.append(told["encodedDataLength"]))


@dataclass
class Standing:
    """The running portal, its visitors' browsers, and where each name leads."""

    url: str
    browser: Browser
    visits: dict[str, Visit]
    sessions: dict[str, str]
    contexts: dict[str, BrowserContext] = field(default_factory=dict)
    tabs: dict[str, Tab] = field(default_factory=dict)

    def context(self, visitor: str) -> BrowserContext:
        if visitor not in self.contexts:
            self.contexts[visitor] = self._fresh(visitor)
        return self.contexts[visitor]

    def _fresh(self, visitor: str) -> BrowserContext:
        context = self.browser.new_context(
            base_url=self.url, locale="en-GB", color_scheme="light", extra_http_headers={"X-Forwarded-Proto": "https"}
        )
        context.set_default_timeout(SLOWEST)
        if visitor != NOBODY:
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": self.sessions[visitor], "url": self.url}])
        return context

    @contextmanager
    def tab(self, visitor: str) -> Iterator[Tab]:
        """The visitor's own, or a new one after something went wrong in it."""
        tab = self.tabs.pop(visitor, None) or Tab(self.context(visitor).new_page())
        tab.complaints.clear()
        tab.sizes.clear()
        kept = False
        try:
            yield tab
            kept = tab.usable
        finally:
            if kept:
                self.tabs[visitor] = tab
            else:
                tab.page.close()

    def show(self, tab: Tab, name: str) -> bool:
        """Go there and wait until nothing moves; False where that is no whole page."""
        page = tab.page
        try:
            answer = page.goto(self.visits[name].url, wait_until="load")
        except Error as error:
            # Chromium may still be on its way to a page that says so.
            tab.usable = False
            if any(words in error.message for words in NO_PAGE):
                return False
            raise
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            return False
        assert answer.status < 500, f"{answer.url} answered {answer.status}"
        # What htmx asks for when a page opens is part of the page.
        page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
        return bool(page.evaluate("!!document.documentElement.lang"))

    def close(self) -> None:
        for context in self.contexts.values():
            context.close()


def serious(complaints: list[str]) -> list[str]:
    return [text for text in complaints if not EXPECTED_REMARK.match(text)]


@contextmanager
def standing_portal(browser: Browser) -> Iterator[Standing]:
    """Rows are committed, since another process shows them, and taken away at the end."""
    try:
        cast, found = _make_rows()
        sessions = {name: _session_of(getattr(cast, name)) for name in (ALICE, SUE, CHARLIE)}
        env = _production()
        with serving(env) as url:
            standing = Standing(url, browser, found, sessions)
            yield standing
            standing.close()
    finally:
        empty_all_tables()


def _make_rows() -> tuple[Cast, dict[str, Visit]]:
    with staff_scope():
        cast = make_cast()
    with tenant_scope(cast.acme.pk):
        samples = all_samples(cast.acme, cast.alice)
    staff_samples(cast)
    # One without a sample has no visit; its own test tells.
    sampled = [address for address in tenant_addresses() if address.name in samples]
    visits = [Visit(address.name, ALICE, url_of(address, "acme", samples[address.name])) for address in sampled]
    visits.append(Visit("home of a new company", CHARLIE, "/t/globex/"))
    visits += [Visit(name, _visitor(name), reverse(name)) for name in _open_names()]
    visits += [Visit(f"error {code}", ALICE if code == "400" else SUE, path) for code, path in ERRORS.items()]
    visits += _admin_visits()
    return cast, {visit.name: visit for visit in visits}


def _visitor(name: str) -> str:
    entrance = ("account_login", "account_signup", "account_reset", "account_confirm", "account_inactive", "mfa_auth")
    return NOBODY if name.startswith(entrance) or name == "account_email_verification_sent" else ALICE


def _admin_visits() -> list[Visit]:
    visits = [Visit(name, SUE, reverse(name)) for name in _admin_names() if name.startswith("admin:")]
    for model in admin.site._registry:
        meta = model._meta
        with staff_scope():
            row = apps.get_model(meta.label)._default_manager.first()
        path = f"admin:{meta.app_label}_{meta.model_name}_change"
        url = reverse(path, args=[row.pk]) if row else reverse(path.replace("_change", "_changelist"))
        visits.append(Visit(f"row of {meta.label}", SUE, url))
    return visits + _own_forms()


def _own_forms() -> list[Visit]:
    """Some are about one company, which their address names."""
    with staff_scope():
        company = Tenant.objects.get(slug="acme")
    forms = [model._meta for model in admin.site._registry if _has_own_form(model._meta)]
    return [
        Visit(
            f"new {meta.label}", SUE, reverse(f"admin:{meta.app_label}_{meta.model_name}_add") + f"?tenant={company.pk}"
        )
        for meta in forms
    ]


def _session_of(person: Any) -> str:
    client = Client()
    sign_in_with_second_factor(client, person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _production() -> dict[str, str]:
    """As it is deployed: no DEBUG, a proxy with TLS before it, static files collected, compressed and named by content."""
    env = environment_of_processes() | {
        "DEBUG": "0",
        "SECRET_KEY": settings.SECRET_KEY,
        "SEALING_KEYS": ",".join(settings.SEALING_KEYS),
        "ALLOWED_HOSTS": "localhost",
        "TRUSTED_PROXIES": "1",
        # Two of these at once, of two workers of pytest, would collect into each other's files.
        "STATIC_ROOT": str(test_place().var / f"collected-{connection.settings_dict['NAME']}"),
        "LOG_LEVEL": "ERROR",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(collect, env=env, cwd=CHECKOUT, check=True)
    return env
