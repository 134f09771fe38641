"""What countries are called, by the two letters that a number is kept with."""

from phonenumbers.geodata.locale import LOCALE_DATA


def country_name(country: str, language: str = "en") -> str:
    """The two letters themselves where no name is known."""
    names = LOCALE_DATA.get(country, {})
    name = names.get(language.split("-")[0]) or names.get("en", country)
    # "*fi": as in that other language.
    return names.get(name[1:], country) if name.startswith("*") else name
