"""Mobile numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.texts.numbers import BadNumber, normalise


@pytest.mark.parametrize(
    "text",
    [
        "0612345678",
        "06 12345678",
        "06-12345678",
        "06 12 34 56 78",
        "(06) 12345678",
        "06/12345678",
        "+31612345678",
        "+31 6 12345678",
        "+31 (0)6 12345678",
        "+310612345678",
        "0031612345678",
        "00310612345678",
        "31612345678",
        "612345678",
        " +31\u00a06\u202f12345678 ",
        "\u202a+31612345678\u202c",
        "\ufeff0612345678",
    ],
)
def test_a_dutch_mobile_number_in_any_of_its_forms(text):
    number = normalise(text)
    assert (number.e164, number.country) == ("+31612345678", "NL")


@pytest.mark.parametrize("text", ["097012345678", "+3197012345678", "003197012345678"])
def test_a_number_of_a_machine(text):
    assert normalise(text).e164 == "+3197012345678"


@pytest.mark.parametrize("text", ["0601234567", "06 71234567", "+31691234567", "0031601234567", "31671234567"])
def test_060_067_and_069_are_no_mobile_numbers(text):
    with pytest.raises(BadNumber, match="060, 067 or 069") as refusal:
        normalise(text)
    assert refusal.value.kind == "invalid"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There is no number"),
        ("   ", "There is no number"),
        ("Noor", "not a telephone number"),
        ("0612345678 ext 5", "not a telephone number"),
        ("0612345678x5", "not a telephone number"),
        ("0800-FLOWERS", "not a telephone number"),
        ("06123456", "no such telephone number"),
        ("06123456789", "no such telephone number"),
        ("+316123456789", "no such telephone number"),
        ("020 1234567", "not a mobile number"),
        ("0800 1234", "not a mobile number"),
        ("0662345678", "not a mobile number"),
        ("+881612345678", "not a mobile number"),
        ("06 12345678 06 87654321", "not a telephone number"),
        ("6.1234E+8", "not a telephone number"),
        ("٠٦١٢٣٤٥٦٧٨", "not a telephone number"),
        ("112", "not a telephone number"),
        ("9" * 500, "not a telephone number"),
        ("=1+1", "not a telephone number"),
        ("0612345678\0", "not a telephone number"),
    ],
)
def test_what_is_no_mobile_number_is_refused_with_a_reason(text, words):
    with pytest.raises(BadNumber, match=words) as refusal:
        normalise(text)
    assert refusal.value.kind == "invalid"


@pytest.mark.parametrize(
    ("text", "e164", "country"),
    [
        ("+32 470 12 34 56", "+32470123456", "BE"),
        ("0032470123456", "+32470123456", "BE"),
        ("+44 7400 123456", "+447400123456", "GB"),
        ("+1 415 555 2671", "+14155552671", "US"),
        ("+49 1512 3456789", "+4915123456789", "DE"),
    ],
)
def test_a_foreign_number_only_where_its_country_is_allowed(text, e164, country):
    number = normalise(text, [country])
    assert (number.e164, number.country) == (e164, country)
    with pytest.raises(BadNumber, match=country) as refusal:
        normalise(text, ["FR"])
    assert refusal.value.kind == "country"


@given(st.text(max_size=60))
def test_whatever_is_written_is_a_number_or_a_reason(text):
    try:
        number = normalise(text, ["BE", "DE"])
    except BadNumber:
        return
    assert number.e164.startswith("+")
    assert number.e164[1:].isdecimal()
    assert normalise(number.e164, ["BE", "DE"]) == number


@given(st.from_regex(r"6[1-58][0-9]{7}", fullmatch=True))
def test_the_quick_way_says_what_the_library_says(national):
    import phonenumbers

    parsed = phonenumbers.parse(f"0{national}", "NL")
    assert phonenumbers.is_valid_number(parsed)
    assert normalise(f"0{national}").e164 == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
