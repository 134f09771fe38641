"""No secret reaches a log, by whatever name or encoding it comes."""

import base64
import json
import re
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.vendors.errors import VendorError
from portal.vendors.http import Redactor
from portal.vendors.redaction import HIDDEN, UNSHOWABLE, names_a_secret
from tests.vendors.raw import Caller, Tokens, raw_vendor, reply, replying

SECRET = 's3cr3t/+é"\\ &='
SECRET_NAMES = [
    "authorization",
    "access_token",
    "refreshToken",
    "CLIENT-SECRET",
    "password",
    "secret",
    "token",
    "api_key",
]

# Without the letters of the marks that take a secret's place, so that what is found is the secret.
secrets = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*[] "), min_size=4, max_size=30)
texts = st.text(max_size=60)
payloads = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)

ENCODINGS = {
    "plain": lambda text: text,
    "json": json.dumps,
    "json without escapes": lambda text: json.dumps({"message": text}, ensure_ascii=False),
    "url": lambda text: quote(text, safe=""),
    "path": quote,
    "form": lambda text: urlencode({"comment": text}),
    "form value": quote_plus,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "basic": lambda text: "Basic " + base64.b64encode(f"acme-key:{text}".encode()).decode(),
    "url-safe base64": lambda text: base64.urlsafe_b64encode(f"x{text}y".encode()).decode(),
    "json in json": lambda text: json.dumps({"body": json.dumps({"a": [text]})}),
}


def decoded(shown: str) -> list[str]:
    """What a curious reader could try."""
    guesses = [shown]
    for encoded in shown.replace("=", " ").split():
        for padding in ("", "=", "=="):
            try:
                guesses.append(base64.b64decode(encoded + padding, altchars="-_").decode("utf-8", "ignore"))
            except ValueError:
                continue
    return guesses


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_is_found_in_every_dress(encoding):
    text = f"before {ENCODINGS[encoding](SECRET)} after"
    redactor = Redactor([SECRET])
    for shown in (redactor.text(text), redactor.body(text), redactor.body(text.encode())):
        assert ENCODINGS[encoding](SECRET) not in shown
        assert HIDDEN in shown
        assert SECRET[:6] not in "".join(decoded(shown))


@given(secrets, texts, texts, st.sampled_from(sorted(ENCODINGS)))
def test_no_text_shows_a_secret(secret, before, after, encoding):
    hidden = ENCODINGS[encoding](secret)
    assume(secret not in before + after)
    for shown in (Redactor([secret]).text(before + hidden + after), Redactor([secret]).body(before + hidden + after)):
        assert secret not in shown
        assert hidden not in shown


@given(secrets, payloads, st.sampled_from(SECRET_NAMES))
def test_no_payload_shows_a_secret_whether_by_name_or_by_value(secret, payload, name):
    by_name = {"outer": [{name: secret}, payload]}
    assert secret not in json.dumps(Redactor().json({name: secret}), ensure_ascii=False)
    assert Redactor().json(by_name)["outer"][0] == {name: HIDDEN}
    by_value = [{"x": secret, secret: 1}, payload]
    shown = Redactor([secret]).body(json.dumps(by_value))
    assert json.dumps(secret)[1:-1] not in shown
    assert secret not in shown


@given(st.binary(max_size=300) | st.text(max_size=300), st.lists(st.text(), max_size=3))
def test_nothing_breaks_it_and_everything_can_be_stored(body, given_secrets):
    redactor = Redactor(given_secrets)
    for shown in (redactor.body(body), redactor.text(body)):
        assert "\0" not in shown
        shown.encode()


@pytest.mark.parametrize(
    "name", [*SECRET_NAMES, "sip_password", "Set-Cookie", "X-Api-Key", "webhookToken", "access%5Ftoken"]
)
def test_names_of_secrets(name):
    assert names_a_secret(name)
    redactor = Redactor()
    assert "hidden-value" not in redactor.body(json.dumps({name: "hidden-value", "b": 1}))
    assert "hidden-value" not in redactor.body(json.dumps({"a": {name: ["hidden-value"]}}))
    assert "hidden-value" not in redactor.body(f"a=1&{name}=hidden-value&b=2")
    assert "hidden-value" not in redactor.text(f"GET /order?{name}=hidden-value HTTP/1.1")
    assert "hidden-value" not in redactor.text(f"{name}: hidden-value")
    assert redactor.headers({name: "hidden-value", "Accept": "x"}) == {name: HIDDEN, "Accept": "x"}


@pytest.mark.parametrize(
    "name", ["client_id", "token_type", "username", "order_number", "expires_in", "message", "keys"]
)
def test_other_names_stay_readable(name):
    assert Redactor().body(json.dumps({name: "shown-value"})) == json.dumps({name: "shown-value"})


@pytest.mark.parametrize(
    "broken",
    [
        '{"a": 1, "password": "hush-hu',
        '{"a": 1, "password": {"deep": "hush-hush"',
        "{'password': 'hush-hush'}",
        r'"{\"password\": \"hush-hush\"}" and more',
        "password: hush-hush\n",
        '<a href="?token=hush-hush">',
        "Bearer hush-hush.hush-hush",
    ],
)
def test_names_count_in_broken_text_too(broken):
    assert "hush" not in Redactor().body(broken)


def test_sentences_stay_readable():
    for sentence in ("Basic authentication required", "No token was given", "Bearer tokens only", "5 > 3 & 2 = 2"):
        assert Redactor(["long-secret"]).text(sentence) == sentence


def test_overlapping_secrets_leave_nothing_behind():
    assert Redactor(["abcdef", "defghi"]).text("x abcdefghi y") == f"x {HIDDEN} y"


def test_short_values_are_not_looked_for():
    assert Redactor(["", "abc"]).text("abc abcd") == "abc abcd"


def test_a_number_may_be_a_secret():
    assert Redactor(["123456"]).body('{"pin": 123456, "other": 7}') == '{"pin": "***", "other": 7}'


def test_a_text_cut_short_does_not_end_in_half_a_secret():
    secret = "begin-of-a-long-secret-and-its-end"
    for length in range(32_700, 32_780):
        shown = Redactor([secret]).text(" " * length + secret + "x")
        assert "begin" not in shown


def test_a_secret_in_an_encoding_that_is_not_utf_8():
    assert "pass" not in Redactor(["passé-word"]).body("xx passé-word".encode("latin-1"))


def test_later_secrets_are_learned():
    redactor = Redactor()
    redactor.learn("learned-later")
    redactor.learn_from({"subscriber": [{"password": "told-in-an-answer", "secret": "short"}]})
    assert redactor.text("learned-later told-in-an-answer short") == f"{HIDDEN} {HIDDEN} short"


def test_learning_has_an_end():
    redactor = Redactor(["for-ever"])
    redactor.learn_from([{"password": f"password-{number:06}"} for number in range(10_000)])
    assert redactor.text("for-ever password-009999") == f"{HIDDEN} {HIDDEN}"
    assert len(redactor._needles) < 5000


def test_what_is_too_deep_is_not_shown():
    deep = current = {}
    for _ in range(100):
        current["a"] = {}
        current = current["a"]
    current["b"] = "hush-hush"
    assert "hush" not in str(Redactor().json(deep))
    assert UNSHOWABLE in str(Redactor().json(deep))


# --- People's numbers and texts -----------------------------------------------------------------------------------------

PERSONAL = Redactor(personal=True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+31612345678", "+316***78"),
        ("+31612345678,0612345679", "+316***78,061***79"),
        ("0031612345678 is barred", "0031***78 is barred"),
        ("to 31612345678.", "to 316***78."),
        ("3197000000000", "319***00"),
        ("+447911123456", "+447***56"),
        ('{"RecipientPhonenumber":"31612345678"}', '{"RecipientPhonenumber":"316***78"}'),
    ],
)
def test_of_a_number_only_the_ends_are_shown(text, shown):
    assert PERSONAL.text(text) == shown
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    "harmless",
    [
        "1795294248",
        "1795294248123",
        "2026-11-21T08:30:00.000Z",
        "b4e905d4-774c-4c83-8360-01427e17a33a",
        "wk_2C6EDCDFDFD944F3A75D0D36",
        "quota-limit: 100000",
        "api-version: 1.0",
    ],
)
def test_other_digits_stay_readable(harmless):
    assert PERSONAL.text(harmless) == harmless


def test_a_number_that_is_no_text_is_not_shown_either():
    assert PERSONAL.body('{"to": 31612345678, "parts": 3}') == '{"to": "***", "parts": 3}'


@pytest.mark.parametrize("spare", ["", " " * 40_000], ids=["whole", "cut short"])
def test_no_text_to_people_is_shown(spare):
    body = json.dumps({"messages": [{"content": 'code "4711"', "mobile_number": "+31612345678"}], "sender": "Acme"})
    for shown in (PERSONAL.body(body + spare), PERSONAL.text(body + spare)):
        assert "4711" not in shown
        assert "12345" not in shown
        assert "Acme" in shown
    assert "4711" in Redactor().body(body)


def test_an_address_of_reports_is_not_shown():
    assert "token" not in PERSONAL.body('{"webhook_url": "https://portal.example/sms/reports/token"}')


def test_a_list_cut_short_does_not_end_in_half_a_number():
    numbers = ",".join(f"+3161234{place:04d}" for place in range(3000))
    for length in range(40, 56):
        shown = PERSONAL.text("x" * length + " " + numbers)
        assert not re.search(r"\d{4}", shown.rpartition(",")[2])


@pytest.mark.parametrize(
    "evil",
    [
        "\\" * 100_000,
        "a" * 100_000,
        '"' * 100_000,
        "a:" * 50_000,
        "a=" * 50_000,
        "basic " * 20_000,
        '{"a":' * 20_000,
        "a " * 50_000,
        "+31612345678" * 8_000,
        "+" * 100_000,
        "0" * 100_000,
    ],
    ids=lambda text: text[:6],
)
def test_no_text_takes_long(evil):
    redactor = Redactor([SECRET], personal=True)
    began = time.process_time()
    redactor.body(evil)
    assert time.process_time() - began < 2


def failure_of(call) -> VendorError | None:
    try:
        call()
    except VendorError as error:
        return error
    return None


@given(
    st.tuples(secrets, secrets, secrets),
    st.sampled_from([200, 201, 400, 401, 412, 429, 500]),
    st.sampled_from(sorted(ENCODINGS)),
    st.sampled_from(["get", "post", "delete"]),
)
def test_no_call_tells_its_secrets(found, status, encoding, method):
    # A token and a path are made of plain letters.
    plain = ("".join(letter for letter in each if letter.isascii() and letter.isalnum()) for each in found)
    token, given_secret, password = (each + "Zq9x" for each in plain)
    password += "-told"
    everything = [token, given_secret, password]
    body = {
        "message": ENCODINGS[encoding](f"{token} {given_secret}"),
        "info": password,
        "password": password,
        "transactionId": given_secret,
    }
    answer = reply(status, body, Location=f"/?t={token}", X_Request_Id=token, api_version=given_secret)
    with raw_vendor(replying(answer)) as vendor:
        caller = Caller(vendor.url, tokens=Tokens(token, token + "2"), redactor=Redactor([given_secret]))
        error = failure_of(lambda: getattr(caller, method)(f"/{given_secret}/x", params={"q": given_secret}, json=body))
    told = f"{error} {error!r} {vars(error)}" if error else ""
    assert error is None or (error.__cause__, error.__context__) == (None, None)
    assert caller.log
    for secret in everything:
        assert secret not in told
        assert secret not in repr(caller.log)
