"""Each page, in one visit: it travels light, stands still while it appears, fits a small telephone, complains of nothing,
and axe-core finds no barrier on it, in light and in dark.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page

from tests.fixtures.barriers import in_both_themes
from tests.sweep.standing import ALICE, SUE, WIDE, Standing, Tab, Visit, serious, visited_names

pytestmark = pytest.mark.browser

MOST_BYTES = 250_000
# The sum of what a reader sees move by itself; under 0.1 is called good in the field.
MOST_SHIFT = 0.01
SHIFTS = """() => new Promise((tell) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) sum += shift.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => tell(sum), 60);
})"""
NARROW = {"width": 360, "height": 740}


@dataclass
class Cost:
    """What one cold load took: bytes as they travel with their headers, and how much moved."""

    shown: bool
    travelled: int
    shift: float


def cold_load(standing: Standing, tab: Tab, name: str) -> Cost:
    shown = standing.show(tab, name)
    return Cost(shown, int(sum(tab.sizes)), tab.page.evaluate(SHIFTS) if shown else 0.0)


def overflow(page: Page) -> int:
    """Pixels that a narrow screen would have to be scrolled sideways."""
    page.set_viewport_size(NARROW)
    excess = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.set_viewport_size(WIDE)
    return excess


def faults(tab: Tab, visit: Visit, cost: Cost) -> Iterator[str]:
    """What is wrong with the page that was just loaded."""
    if not 0 < cost.travelled < MOST_BYTES:
        yield f"{cost.travelled} bytes travelled"
    # Support works at desks; Django's own admin lays its sidebar out late, and wide.
    if visit.visitor != SUE:
        if cost.shift >= MOST_SHIFT:
            yield f"it moved by {cost.shift}"
        if (excess := overflow(tab.page)) > 0:
            yield f"{excess} pixels too wide"
    # Told before axe-core looks, which tries inline styles itself.
    yield from serious(tab.complaints)
    yield from in_both_themes(tab.page)


@pytest.mark.parametrize("name", visited_names())
def test_a_page_is_light_and_still_and_fits_and_has_no_barrier(standing: Standing, name):
    visit = standing.visits[name]
    with standing.tab(visit.visitor) as tab:
        cost = cold_load(standing, tab, name)
        found = list(faults(tab, visit, cost)) if cost.shown else []
    if found:
        pytest.fail("\n".join([visit.url, *found]), pytrace=False)


def test_what_moves_complains_or_is_too_wide_would_be_noticed(standing: Standing):
    with standing.tab(ALICE) as tab:
        page, usual = tab.page, cold_load(standing, tab, "tenancy:people")
        assert usual.shown
        assert usual.shift < MOST_SHIFT
        page.evaluate("document.querySelector('main').insertAdjacentHTML('afterbegin', '<hr><h2>Late</h2><pre></pre>')")
        page.evaluate("document.querySelector('main pre').textContent = 'wide '.repeat(99)")
        page.evaluate("document.querySelector('main pre').style.overflow = 'visible'")
        page.evaluate("document.querySelector('main h2').style.margin = '300px'")
        page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'x'}))")
        assert page.evaluate(SHIFTS) > MOST_SHIFT
        assert overflow(page) > 0
        assert serious(tab.complaints)


def test_a_barrier_would_be_found_in_either_theme(standing: Standing):
    with standing.tab(ALICE) as tab:
        page = tab.page
        assert standing.show(tab, "tenancy:people")
        page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=\"x.png\"><p>Pale</p>')")
        page.evaluate("document.querySelector('h1 + img + p').style.color = 'light-dark(#eee, #222)'")
        found = in_both_themes(page)
    for barrier in ("light, image-alt", "light, color-contrast", "dark, color-contrast"):
        assert any(text.startswith(barrier) for text in found), barrier


def test_most_of_what_is_visited_are_whole_pages(standing: Standing):
    """Without this the sweep might look at nothing."""
    known = {"tenancy:home", "provisioning:orders", "operations:operation", "account_email", "error 400"}
    assert {name for name in known if _is_shown(standing, name)} == known
    assert not _is_shown(standing, "provisioning:order_row")
    assert not _is_shown(standing, "vendors:connection_disable")


def _is_shown(standing: Standing, name: str) -> bool:
    with standing.tab(standing.visits[name].visitor) as tab:
        return standing.show(tab, name)
