"""A statement as JSON: the canonical form its digest is made from, spread out to be read. The same in every language.

Without `digest` and `draft`, with its keys sorted and no spaces, it is the text whose SHA-256 is `digest`.
"""

from json import dumps

from portal.billing.canonical import values_of
from portal.billing.document import Document


def json(document: Document) -> str:
    """One statement as an object, ended by a line feed: keys sorted, decimals as strings, moments in UTC."""
    values = values_of(document) | {"digest": document.digest, "draft": document.draft}
    return dumps(values, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
