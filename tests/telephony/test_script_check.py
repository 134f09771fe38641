"""What is wrong with a call script is told by line; hostile ones cost nothing."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.scripts.checking import MAX_CHARACTERS, VERBS, check, summary
from telephony.scripts.starters import STARTERS, starter


def script(work: str) -> str:
    return f"<document>\n<work>\n{work}\n</work>\n</document>"


def told(text: str) -> list[tuple[int, str, bool]]:
    return [(finding.line, finding.text, finding.error) for finding in check(text).findings]


@pytest.mark.parametrize("each", STARTERS, ids=lambda each: each.key)
def test_every_starter_is_in_order(each):
    assert check(each.text).findings == ()
    assert summary(check(each.text)) == "The script is in order."


def test_verbs_are_told_in_their_order():
    assert check(starter("menu").text).verbs == ("answer", "speak", "bind", "bind", "wait", "speak", "hangup")


@pytest.mark.parametrize("verb", sorted(VERBS - {"bind"}))
def test_no_verb_of_the_reference_is_called_unknown(verb):
    assert not any("knows no" in text for _line, text, _error in told(script(f"<{verb}/>")))


def test_an_unknown_verb_is_a_remark_at_its_line():
    checked = check(script("<answer/>\n<dance/>\n<hangup/>"))
    assert [(finding.line, finding.error) for finding in checked.findings] == [(4, False)]
    assert "<dance>" in checked.warnings[0].text
    assert checked.good
    assert summary(checked) == "The script can be published; there is 1 remark."


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ('<speak lang="nl-NL">Hallo</speak>', "does not speak “nl-NL”"),
        ("<speak>  </speak>", "nothing to say"),
        ('<playback file="https://example.com/a.mp3"/>', "plays .wav files only"),
        ("<playback/>", "needs the attribute “file”"),
        ("<dial> </dial>", "calls nobody"),
        ('<dial timeout="soon">0612345678</dial>', "“timeout” is a number of seconds"),
        ("<conference/>", "needs the name of its room"),
        ("<wait>long</wait>", "number of seconds"),
        ("<intercept/>", "the call that it takes over"),
        ('<speak>Hi<bind action="">1</bind></speak>', "needs the attribute “action”"),
        ('<speak>Hi<bind action="x"> </bind></speak>', "needs the key"),
        ("<bind>1</bind>", "needs the attribute “action”"),
        ("<answer><hangup/></answer>", "cannot stand inside <answer>"),
        ('<answer><bind action="x">1</bind></answer>', "stands inside <speak> or <playback>"),
    ],
)
def test_what_a_verb_needs_is_told_at_its_line(work, words):
    checked = check(script(f"\n\n{work}"))
    assert [finding.line for finding in checked.errors if words in finding.text] == [5]
    assert not checked.good


@pytest.mark.parametrize("language", ["en-US", "fr-FR", "it-IT", "es-ES"])
def test_the_languages_of_the_platform_are_in_order(language):
    assert check(script(f'<speak lang="{language}">Hello</speak>')).findings == ()


@pytest.mark.parametrize(
    "file", ["https://example.com/hello.wav", "https://example.com/HELLO.WAV?version=2", "hello.wav"]
)
def test_wav_files_are_played(file):
    assert check(script(f'<playback file="{file}"/>')).findings == ()


def test_a_file_fetched_in_the_clear_is_a_remark():
    assert [error for _line, _text, error in told(script('<playback file="http://example.com/a.wav"/>'))] == [False]


def test_what_comes_after_the_end_is_a_remark():
    checked = check(script("<hangup/>\n<answer/>"))
    assert [(finding.line, "never reached" in finding.text) for finding in checked.warnings] == [(4, True)]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty"),
        ("   \n ", 2, "empty"),
        ("<document>\n<work>\n</wrong>", 3, "closes another element"),
        (script("<speak>Fish & chips</speak>"), 3, "&amp;"),
        (script("<speak>caf&eacute;</speak>"), 3, "Only &amp;"),
        (script('<speak lang="en-US" lang="fr-FR">Hi</speak>'), 3, "twice"),
        ("<document><work/></document>\n<more/>", 2, "Nothing can follow"),
        ("<document>\n<work>", 2, "<work> is not closed"),
        ("<html><body/></html>", 1, "begins with <document>"),
        ("<document/>", 1, "Nothing is done"),
        ("<document><answer/></document>", 1, "stands inside <work>"),
        ("no xml at all", 1, "begins with <document>"),
        (script("<speak>\x00</speak>"), 3, "cannot stand here"),
        (script("<speak>\ud800</speak>"), 3, "cannot stand here"),
    ],
)
def test_what_is_no_script_is_told_where_it_breaks(text, line, words):
    assert [finding.line for finding in check(text).errors if words in finding.text] == [line]


BOMB = "".join(
    ['<!DOCTYPE document [<!ENTITY a0 "lol">']
    + [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)]
    + ["]><document><work><speak>&a11;</speak></work></document>"]
)
HOSTILE = {
    "entity bomb": BOMB,
    "quadratic entity": f'<!DOCTYPE d [<!ENTITY a "{"a" * 30_000}">]><document>{"&a;" * 5_000}</document>',
    "external entity": '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><document><work><speak>&x;</speak></work></document>',
    "external subset": '<!DOCTYPE document SYSTEM "https://example.com/evil.dtd"><document><work/></document>',
    "parameter entity": '<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1/p">%p;]><document/>',
    "empty document type": "<!DOCTYPE document><document><work/></document>",
    "ten megabytes": script("<speak>" + "a" * 10_000_000 + "</speak>"),
    "deep nesting": "<document><work>" + "<a>" * 9_000,
    "many elements": script("<answer/>" * 5_000),
    "other encoding": '<?xml version="1.0" encoding="utf-16"?><html/>',
    "xinclude": '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_scripts_are_refused_with_a_word_and_no_memory_to_speak_of(text):
    tracemalloc.start()
    checked = check(text)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not checked.good
    assert all(finding.text for finding in checked.findings)
    assert most < 3_000_000


def test_an_external_entity_reads_no_file():
    assert "root:" not in str(check(HOSTILE["external entity"]))


def test_findings_are_few_however_many_mistakes():
    checked = check(script("<speak/>\n" * 1_000))
    assert len(checked.findings) == 50
    assert [finding.line for finding in checked.findings] == list(range(3, 53))


def test_the_limit_is_told_in_characters():
    assert str(MAX_CHARACTERS) in check("x" * (MAX_CHARACTERS + 1)).findings[0].text


@given(st.text(max_size=300))
def test_no_text_brings_the_check_down(text):
    assert check(text).findings or "<" in text


@given(st.text(alphabet="<>/!&;\"'=adcoumentwrk[]? \n", max_size=200))
def test_nothing_that_looks_like_xml_brings_it_down(text):
    check(text)
    check(script(text))
