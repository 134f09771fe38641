"""Pieces of a list's page. They read `list` (a `ListPage`) from the page's context; docs/components.md shows their use."""

from typing import Any
from uuid import uuid4

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from portal.lists.pages import ListPage
from portal.lists.registry import sortable

register = template.Library()
TARGET = "list"


@register.simple_tag(takes_context=True)
def list_filters(context: Context) -> SafeString:
    """The filters above the list. What they choose is swapped in without a new page, the errors of the filters too."""
    found: ListPage = context["list"]
    slots = [f"#{bound.auto_id}_said" for bound in found.asked.form.visible_fields()]
    values = {
        "form": found.asked.form,
        "sort": found.asked.sort,
        "path": found.path,
        "clear": found.clear_url if found.filtered else "",
        "target": f"#{TARGET}",
        "slots": ",".join(f"{slot}:innerHTML" for slot in ["#filter-state", *slots]),
    }
    return render_to_string("ui/filter_bar.html", values)


@register.simple_block_tag(takes_context=True)
def list_body(context: Context, content: str) -> SafeString:
    """The swapped part of the page around the table (the block's content): notes, saved filters, pages, the selection."""
    return render_to_string("lists/body.html", {**_known(context), "content": content}, context.get("request"))


@register.inclusion_tag("lists/sort_header.html", takes_context=True)
def sort_header(context: Context, name: str, label: str, *, num: bool = False) -> dict[str, Any]:
    """The `<th>` of a column of the list's spec; a link that turns the order where the column can be sorted by."""
    found: ListPage = context["list"]
    current = found.asked.sort or _own_sort(found)
    column = sortable(found.spec, name)
    way = {name: "ascending", f"-{name}": "descending"}.get(current, "")
    following = f"-{name}" if way == "ascending" else name
    if not way and column and _newest_first(found, name):
        following = f"-{name}"
    return {
        "name": name,
        "label": label,
        "num": num,
        "way": way,
        "url": "?" + found.asked.sorted_by(following) if column else "",
        "target": f"#{TARGET}",
    }


def _own_sort(found: ListPage) -> str:
    """The column, and the way, by which the list is sorted when nothing else is asked."""
    first, known = found.spec.order[0], found.spec.columns
    name = next((one.name for one in known if one.order and one.order[0] == first.removeprefix("-")), "")
    return f"-{name}" if name and first.startswith("-") else name


def _newest_first(found: ListPage, name: str) -> bool:
    """Times are wanted newest first at the first press, names from A on."""
    return _own_sort(found) == f"-{name}"


@register.inclusion_tag("lists/select_all.html", takes_context=True)
def select_all(context: Context) -> dict[str, Any]:
    """The head of the column of boxes; nothing where there is nothing to do with rows."""
    return {"selectable": context.get("selectable")}


@register.inclusion_tag("lists/select_row.html", takes_context=True)
def select_row(context: Context, row: Any, label: Any = "") -> dict[str, Any]:
    """The cell with the box of one row; `label` names the row to who does not see it."""
    return {"selectable": context.get("selectable"), "row": row, "label": label or str(row)}


def _known(context: Context) -> dict[str, Any]:
    names = ("list", "page", "form", "filtered", "selectable", "tenant", "membership")
    return {name: context.get(name) for name in names} | {"target": f"#{TARGET}", "id": uuid4().hex[:8]}
