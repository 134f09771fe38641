"""Every sentence of the portal is said in every language, and says the same."""

import re
from collections import Counter

import pytest

from portal.local.environment import CHECKOUT
from portal.local.messages import LANGUAGES, catalogue, compiled, path_of, translations, untranslated
from tests.languages.unsaid import unsaid_in_python, unsaid_in_template

PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|</?[a-z]+[^>]*>")
# The page of components is for developers, who write in English.
FOR_DEVELOPERS = {"templates/ui/gallery.html", "portal/ui/gallery.py"}

every_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def said():
    """Every sentence in code and templates."""
    return catalogue()


def keys(of) -> set:
    return {(message.context, message.id) for message in of if message.id}


def test_the_sentences_are_found(said):
    assert {(None, "Sign in"), (None, "Subscribers")} <= keys(said)
    assert (None, ("%(n)d day", "%(n)d days")) in keys(said)


@every_language
def test_no_sentence_is_without_a_translation(language, said):
    missing = keys(said) - keys(translations(language))
    assert not missing, "run `make messages` and translate what is new"
    assert untranslated(translations(language)) == []


@every_language
def test_no_translation_is_left_of_what_nobody_says(language, said):
    assert keys(translations(language)) - keys(said) == set()


@every_language
def test_a_translation_keeps_the_placeholders_and_the_markup(language):
    for message in translations(language):
        if not message.id:
            continue
        plural = isinstance(message.id, tuple)
        for original, text in (
            zip(message.id, message.string, strict=True) if plural else [(message.id, message.string)]
        ):
            found, wanted = Counter(PLACEHOLDER.findall(text)), Counter(PLACEHOLDER.findall(original))
            # A singular may say "one" and leave its number out.
            assert found == wanted or (plural and original == message.id[0] and found <= wanted), (original, text)


@every_language
def test_a_translation_begins_and_ends_as_its_sentence_does(language):
    """Blanks, line ends and the final mark belong to the page around it."""
    for message in translations(language):
        if message.id and isinstance(message.id, str):
            assert message.string[:1].isspace() == message.id[:1].isspace(), message.id
            assert message.string[-1:].isspace() == message.id[-1:].isspace(), message.id
            for mark in (".", "…", ":", "?"):
                assert message.string.endswith(mark) == message.id.endswith(mark), (message.id, message.string)


@every_language
def test_the_compiled_catalogue_is_that_of_the_readable_one(language):
    assert path_of(language, "mo").read_bytes() == compiled(translations(language))


# --- What passes no gettext ---------------------------------------------------------------------------------------


def test_no_template_says_anything_in_one_language_only():
    found = {
        path.relative_to(CHECKOUT).as_posix(): list(unsaid_in_template(path.read_text()))
        for path in (CHECKOUT / "templates").rglob("*")
        if path.suffix in {".html", ".txt"}
    }
    assert {path: words for path, words in found.items() if words and path not in FOR_DEVELOPERS} == {}


def test_no_code_says_anything_in_one_language_only():
    found = {
        path.relative_to(CHECKOUT).as_posix(): list(unsaid_in_python(path.read_text()))
        for top in ("portal", "provisioning", "telephony", "messaging", "realtime")
        for path in (CHECKOUT / top).rglob("*.py")
        if "migrations" not in path.parts
    }
    assert {path: words for path, words in found.items() if words and path not in FOR_DEVELOPERS} == {}


@pytest.mark.parametrize(
    "source",
    [
        "<p>Nothing yet</p>",
        '<a aria-label="Close" href="/">{% icon "x" %}</a>',
        '{% card "Orders" %}{% endcard %}',
        "{% translate 'Fine' %} and not fine",
    ],
)
def test_a_template_that_does_is_found(source):
    assert list(unsaid_in_template(source))


@pytest.mark.parametrize(
    "source",
    [
        "<p>{% translate 'Nothing yet' %}</p>",
        "{% blocktranslate trimmed %}A whole sentence.{% endblocktranslate %}",
        '{% card _("Orders") %}{% icon "shopping-cart" %}{% endcard %}',
        "{# Context: orders. #}<svg><title>x</title></svg> {{ order.pk }}: 12 ms",
    ],
)
def test_one_that_does_not_is_not_found(source):
    assert not list(unsaid_in_template(source))


@pytest.mark.parametrize(
    "source",
    [
        "forms.CharField(label='Name')",
        "messages.success(request, 'Saved.')",
        "NotPromised('No product is free.')",
        "messages.error(request, f'{row}: nothing was done')",
    ],
)
def test_code_that_does_is_found(source):
    assert list(unsaid_in_python(source))


def test_code_that_does_not_is_not_found():
    assert not list(unsaid_in_python("forms.CharField(label=_('Name'))\nNotPromised(_('No %s.') % name)"))
