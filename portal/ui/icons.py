"""Icons drawn inline: no request, no font, and they take the colour of the text around them."""

from functools import cache
from pathlib import Path

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

FOLDER = Path(__file__).parent / "icons"


@cache
def drawing(name: str) -> SafeString:
    """The SVG of icon `name`, hidden from screen readers. Raises LookupError for a name without a file."""
    path = FOLDER / f"{name}.svg"
    if not path.is_file():
        raise LookupError(f"no icon {name!r} in {FOLDER}")
    svg = path.read_text().strip().replace("<svg ", '<svg class="icon" aria-hidden="true" focusable="false" ', 1)
    return mark_safe(svg)  # noqa: S308 - files of this repository only


def icon(name: str, label: str = "") -> SafeString:
    """Icon `name`; `label` is read aloud in its place when no text stands beside it."""
    if not label:
        return drawing(name)
    return format_html('{}<span class="visually-hidden">{}</span>', drawing(name), label)
