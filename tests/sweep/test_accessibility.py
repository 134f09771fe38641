"""axe-core finds no barrier on any page, in light and in dark."""

import pytest

from tests.fixtures.barriers import in_both_themes
from tests.sweep.standing import ALICE, Standing, visited_names

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", visited_names())
def test_a_page_has_no_barrier(standing: Standing, name):
    with standing.page(standing.visits[name].visitor) as page:
        if standing.show(page, name) and (found := in_both_themes(page)):
            pytest.fail("\n".join([standing.visits[name].url, *found]), pytrace=False)


def test_a_barrier_would_be_found_in_either_theme(standing: Standing):
    with standing.page(ALICE) as page:
        assert standing.show(page, "tenancy:people")
        page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=\"x.png\"><p>Pale</p>')")
        page.evaluate("document.querySelector('h1 + img + p').style.color = 'light-dark(#eee, #222)'")
        found = in_both_themes(page)
    for barrier in ("light, image-alt", "light, color-contrast", "dark, color-contrast"):
        assert any(text.startswith(barrier) for text in found), barrier
