"""The face keeps the content security policy and the weight it promised."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import translation

from portal.ui import views

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
# Mails are read by programs that know no style sheets and by no policy of ours.
PAGES = [path for path in TEMPLATES if "mail" not in path.parts]
STATIC = settings.BASE_DIR / "static"
INLINE = re.compile(r"\sstyle=|\son[a-z]+=\"|<style|javascript:|<script(?![^>]*\b(?:src|type=\"application/json\"))")


@pytest.mark.parametrize("template", PAGES, ids=lambda path: str(path.relative_to(settings.BASE_DIR / "templates")))
def test_no_page_has_inline_script_or_style(template):
    assert not INLINE.search(template.read_text())


@pytest.mark.parametrize("bad", ['<p style="x">', '<a onclick="x">', "<style>", "<script>x</script>"])
def test_inline_things_would_be_noticed(bad):
    assert INLINE.search(bad)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR / "templates")))
def test_every_template_compiles(template):
    get_template(str(template.relative_to(settings.BASE_DIR / "templates")))


def test_a_page_weighs_less_than_250_kilobytes_as_it_travels():
    files = [STATIC / "vendor/tabler-1.6.1/tabler.min.css", *STATIC.glob("css/*"), *STATIC.glob("js/*")]
    assert sum(len(gzip.compress(Path(file).read_bytes())) for file in files) < 130_000


def test_no_file_refers_to_a_source_map():
    for file in [*STATIC.rglob("*.css"), *STATIC.rglob("*.js")]:
        assert "sourceMappingURL" not in file.read_text(), file


def test_the_page_of_an_error_needs_neither_request_nor_database():
    response = views.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert b"The portal met an error" in response.content


def test_the_page_of_an_error_names_the_language_it_is_in():
    with translation.override("nl"):
        page = render_to_string("500.html")
    assert '<html lang="nl">' in page
    assert "Naar de startpagina" in page


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "500.html"])
def test_error_pages_say_what_to_do_next(name):
    assert '<a class="btn btn-primary" href="/">' in render_to_string(name)


def test_a_refused_form_says_that_nothing_was_changed():
    response = views.csrf_failure(RequestFactory().post("/"), reason="CSRF cookie not set.")
    assert response.status_code == 403
    assert b"Nothing was changed" in response.content
