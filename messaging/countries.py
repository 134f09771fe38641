"""What countries are called, by the two letters that a number is kept with."""


def country_name(country: str, language: str = "en") -> str:
    """The two letters themselves where no name is known."""
    # Every country in every language: a tenth of what each process would spend on its start.
    from phonenumbers.geodata.locale import LOCALE_DATA

    names = LOCALE_DATA.get(country, {})
    name = names.get(language.split("-")[0]) or names.get("en", country)
    # "*fi": as in that other language.
    return names.get(name[1:], country) if name.startswith("*") else name
