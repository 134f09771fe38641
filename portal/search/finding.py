"""Looking words up: every word of the text must be the beginning of a word of the row."""

import re
from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from portal.search.folding import fold
from portal.search.models import LONGEST_WORD, Word
from portal.tenancy.scope import current_scope

LONGEST_TEXT = 100
MOST_TERMS = 6
# As many as are put in order; whoever has that many hits types another letter.
CANDIDATES = 50
FEW = 2_000
# So many words, those of about a fifth as many rows, are looked at; if so many of these rows fit, a page is full soon.
NEWEST, MANY = 5_000, 10
# Numbers are kept with their country; without it, people mean one of this country.
HOME_CODE = "31"
# Fewer digits of a number are looked for as they are typed only.
LEAST_NATIONAL = 4
NUMBER = re.compile(r"\d+( \d+)+", re.ASCII)
# In the byte order of UTF-8 all that begins with a text lies before the text with this behind it.
LAST = "\U0010ffff"
# The first letter after a space: what lies before the text with this behind it has the text as a word of its own.
WORD_ENDS = "!"


class AskedOfEachRow(Exists):
    """EXISTS that PostgreSQL does not turn into a join: the OFFSET, which changes nothing, forbids it."""

    template = "EXISTS(%(subquery)s OFFSET 0)"


def terms_of(text: str) -> list[str]:
    """What to look up, the longest first: it is the rarest, most likely. [] for a text without letters and digits.

    What is written with separators ("john.smith") is one term; a number is its digits, however they are grouped.
    """
    text = text[:LONGEST_TEXT]
    if NUMBER.fullmatch(folded := fold(text)):
        return [folded.replace(" ", "")[:LONGEST_WORD]]
    folded_terms = dict.fromkeys(fold(part)[:LONGEST_WORD].strip() for part in text.split())
    return sorted((term for term in folded_terms if term), key=len, reverse=True)[:MOST_TERMS]


def matching(kind: str, text: str) -> Q:
    """The rows of `kind` that `text` finds: `rows.filter(matching("provisioning.subscriber", text))`. One query at once.

    Few are named by their ids. Where all words are common, the newest rows tell how many have all of them. Of many, any page
    of a list finds its rows soon: each row is then asked for its words, which PostgreSQL would otherwise collect and sort,
    all of them, for every page. Few that hide among many are collected.
    """
    terms, tenant_id = terms_of(text), current_scope().tenant_id
    if not terms:
        return Q(pk__in=[])
    few, often = _few(kind, terms, tenant_id)
    if few is not None:
        return Q(pk__in=few)
    ranges = [Q(word__gte=term, word__lt=term + LAST) for term in terms]
    if often:
        own = Word.objects.filter(kind=kind, object_id=OuterRef("pk"), tenant_id=tenant_id or OuterRef("tenant_id"))
        return reduce(and_, (Q(AskedOfEachRow(own.filter(each))) for each in ranges))
    words = Word.objects.filter(ranges[0], kind=kind, **({"tenant_id": tenant_id} if tenant_id else {}))
    same_row = Word.objects.filter(kind=kind, object_id=OuterRef("object_id"), tenant_id=OuterRef("tenant_id"))
    for others in ranges[1:]:
        words = words.filter(Exists(same_row.filter(others)))
    return Q(pk__in=words.values("object_id"))


def _few(kind: str, terms: Sequence[str], tenant_id: int | None) -> tuple[list[int] | None, bool]:
    """(all ids, whatever) where the first term has few rows; else (None, do many of the newest rows have all the terms?)."""
    bounds = [bound for term in terms for bound in (term, term + LAST)]
    within: list[Any] = [*([tenant_id] if tenant_id else []), kind]
    query = _FEW.format(
        within="tenant_id = %s and kind = %s" if tenant_id else "kind = %s",
        others=_OTHER_OF_EACH * (len(terms) - 1),
        each=" and ".join(["bool_or(word >= %s and word < %s)"] * len(terms)),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [*within, *bounds[:2], FEW + 1, FEW, *bounds[2:], *within, NEWEST, *bounds])
        *found, (_, has_few, fitting) = cursor.fetchall()
    return (list(dict.fromkeys(pk for pk, _, _ in found)) if has_few else None), fitting >= MANY


def anywhere(kind: str, text: str, *, tenant_id: int | None = None, most: int = 500) -> list[int]:
    """Ids of at most `most` rows of any tenant (or of one), for support staff. One query, however many rows fit."""
    terms = terms_of(text)
    if not terms:
        return []
    bounds = [bound for term in terms for bound in (term, term + LAST)]
    query = _ANYWHERE.format(tenant="w.tenant_id = %s and " if tenant_id else "", others=_OTHER * (len(terms) - 1))
    with connection.cursor() as cursor:
        cursor.execute(query, [*([tenant_id] if tenant_id else []), kind, *bounds, most])
        return list(dict.fromkeys(pk for (pk,) in cursor.fetchall()))


def best(tenant_id: int, kinds: Sequence[str], text: str, most: int) -> dict[str, list[int]]:
    """For each kind that has any, the ids of at most `most` rows: whole words first, then the newest. One query."""
    terms = terms_of(text)
    if not terms or not kinds:
        return {}
    phrase = fold(text[:LONGEST_TEXT])[:LONGEST_WORD].strip()
    parts = [[phrase], terms] if len(terms) > 1 else [terms, *_with_country(terms[0])]
    query = _BEST.format(parts=" union all ".join(_PART.format(others=_OTHER * (len(part) - 1)) for part in parts))
    values: list[Any] = [list(kinds)]
    for part in parts:
        bounds = [bound for term in part for bound in (term, term + LAST)]
        values += [part[0] + WORD_ENDS, tenant_id, *bounds, CANDIDATES]
    found: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(query, [*values, CANDIDATES, most])
        for kind, object_id in cursor.fetchall():
            found.setdefault(kind, []).append(object_id)
    return found


def _with_country(term: str) -> list[list[str]]:
    """A number as it is kept, of one that is typed without its country ("06 12…") or with 00; else nothing."""
    if len(term) < LEAST_NATIONAL or not (term.isascii() and term.isdigit() and term.startswith("0")):
        return []
    return [[term[2:] if term.startswith("00") else HOME_CODE + term[1:]]]


# First the words in the order they were typed ("anna b"), which stand together; only where those are not enough, each.
_BEST = """
select kind, object_id from unnest(%s::text[]) wanted (kind) cross join lateral (
  select object_id from (select * from ({parts}) any_order limit %s) candidates
  group by object_id order by bool_or(whole) desc, object_id desc limit %s
) hits"""
_PART = """(
    select w.object_id, w.word < %s as whole from search_word w
    where w.tenant_id = %s and w.kind = wanted.kind and w.word >= %s and w.word < %s{others}
    order by w.word, w.object_id desc limit %s)"""
_ANYWHERE = """
select w.object_id from search_word w
where {tenant}w.kind = %s and w.word >= %s and w.word < %s{others}
order by w.word, w.object_id desc limit %s"""
# The rows with the first term, if these are few; then how many of the newest rows have all terms, if they are not.
_FEW = """
with first as materialized (
  select tenant_id, kind, object_id from search_word where {within} and word >= %s and word < %s limit %s
), few as materialized (select count(*) <= %s as few from first)
(select w.object_id, true, 0 from first w where (select few from few){others})
union all
select 0, (select few from few), count(*) from (
  select from (
    select object_id, word from search_word where {within} order by object_id desc limit %s
  ) newest
  group by object_id having {each}
) fitting"""
_OTHER = """
    and exists (select from search_word o where o.tenant_id = w.tenant_id and o.kind = w.kind
                and o.object_id = w.object_id and o.word >= %s and o.word < %s)"""
# Asked of each row, and not hashed: its range may hold every row of the tenant.
_OTHER_OF_EACH = _OTHER.removesuffix(")") + " offset 0)"
