"""What one block of a page sets is gone in the next: a link made of it would lead nowhere, without a word."""

import re

import pytest

from portal.local.environment import CHECKOUT

PAGES = sorted((CHECKOUT / "templates").glob("**/*.html"))
BLOCK = re.compile(r"{% block (header|content) %}(.*?){% endblock %}", re.DOTALL)
SET = re.compile(r" (?:as|asvar) (\w+)")
TAG = re.compile(r"{[{%].*?[%}]}")
NOT_NAMES = re.compile(r'"[^"]*"| (?:as|asvar) \w+|\w+=(?=\S)')


def used_beyond(page: str) -> set[str]:
    """The names that the header sets and the content reads."""
    blocks = dict(BLOCK.findall(page))
    header, content = blocks.get("header", ""), blocks.get("content", "")
    read = {name for tag in TAG.findall(content) for name in re.findall(r"(?<![.\w:])\w+", NOT_NAMES.sub(" ", tag))}
    return (set(SET.findall(header)) - set(SET.findall(content))) & read


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(CHECKOUT / "templates")))
def test_no_block_reads_what_another_one_set(path):
    assert used_beyond(path.read_text()) == set()


def test_such_a_name_is_found():
    page = '{% block header %}{% url "list" as list_url %}{% endblock %}{% block content %}{{ list_url }}{% endblock %}'
    assert used_beyond(page) == {"list_url"}
