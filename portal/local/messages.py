"""What the portal says, and its translations: `python -m portal.local.messages` brings portal/locale up to date.

Sentences are found in the code and in the templates, new ones are added to each catalogue without a translation, those that
nobody says any more are dropped, and the compiled catalogue is written beside the readable one.
"""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from portal.local.environment import CHECKOUT

LOCALE = CHECKOUT / "portal" / "locale"
LANGUAGES = ["nl"]
SOURCES = ["portal", "provisioning", "telephony", "messaging", "realtime"]
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
COMMENT = "# What Patchbay says in another language; kept in order by `make messages`."


def catalogue() -> Catalog:
    """Every sentence of the project, with the files it stands in and no translation."""
    found = Catalog(charset="utf-8", fuzzy=False)
    for path in sorted(_python_files()):
        _add(found, path, path.read_text())
    for path in sorted((CHECKOUT / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            _add(found, path, _as_python(path))
    return found


def _python_files() -> Iterator[Path]:
    for top in SOURCES:
        yield from (path for path in (CHECKOUT / top).rglob("*.py") if "migrations" not in path.parts)


def _as_python(path: Path) -> str:
    """A template as Django shows it to gettext: calls between blanked words, here without indentation."""
    return "\n".join(line.strip() for line in templatize(path.read_text()).splitlines())


def _add(found: Catalog, path: Path, text: str) -> None:
    where = path.relative_to(CHECKOUT).as_posix()
    for _line, function, message, _comments in extract_python(io.BytesIO(text.encode()), KEYWORDS, [], {}):
        for context, said in _ids(str(function or ""), message):
            # Lines would make every edit of a file a change of the catalogue.
            found.add(said, locations=[(where, 0)], context=context)


def _ids(function: str, message: object) -> Iterator[tuple[str | None, str | tuple[str, str]]]:
    """(context, id) of one call; a plural's id is a pair. Calls without a constant say nothing."""
    parts = [part for part in (message if isinstance(message, tuple) else (message,)) if isinstance(part, str)]
    context = parts.pop(0) if "pgettext" in function and parts else None
    plural = function.startswith(("n", "un")) and "noop" not in function and len(parts) >= 2
    if parts and parts[0]:
        yield context, (parts[0], parts[1]) if plural else parts[0]


def path_of(language: str, suffix: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"django.{suffix}"


def translations(language: str) -> Catalog:
    """The readable catalogue as it is on disk."""
    with path_of(language, "po").open("rb") as file:
        return read_po(file, locale=language)


def brought_up_to_date(language: str, template: Catalog) -> Catalog:
    """Every sentence of `template` with the translation that there is."""
    known = translations(language) if path_of(language, "po").exists() else Catalog(locale=language)
    fresh = Catalog(locale=language, charset="utf-8", fuzzy=False, header_comment=COMMENT, project="Patchbay")
    for message in template:
        if message.id:
            earlier = known.get(message.id, message.context)
            fresh.add(message.id, _kept(message, earlier), message.locations, context=message.context)
    fresh.creation_date = fresh.revision_date = known.creation_date
    return fresh


def _kept(message: Message, earlier: Message | None) -> str | tuple[str, ...] | None:
    if earlier is None or earlier.pluralizable != message.pluralizable:
        return None
    return tuple(earlier.string) if isinstance(earlier.string, list | tuple) else earlier.string


def compiled(language_catalogue: Catalog) -> bytes:
    file = io.BytesIO()
    write_mo(file, language_catalogue)
    return file.getvalue()


def untranslated(language_catalogue: Catalog) -> list[str]:
    """The ids without a whole translation."""
    return [str(message.id) for message in language_catalogue if message.id and not _whole(message)]


def _whole(message: Message) -> bool:
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return bool(strings) and all(strings) and not message.fuzzy


def main() -> None:
    template = catalogue()
    for language in LANGUAGES:
        fresh = brought_up_to_date(language, template)
        path_of(language, "po").parent.mkdir(parents=True, exist_ok=True)
        with path_of(language, "po").open("wb") as file:
            write_po(file, fresh, width=128, no_location=False, sort_output=True, omit_header=False)
        path_of(language, "mo").write_bytes(compiled(fresh))
        missing = len(untranslated(fresh))
        print(f"{language}: {len(fresh)} sentences, {missing} without a translation")


if __name__ == "__main__":
    main()
