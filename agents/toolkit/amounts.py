"""Distances, minutes and sums of money as a country writes them."""

from __future__ import annotations

from babel.numbers import format_currency, format_decimal

from sources.country import countries


def distance(metres: float, country: str) -> str:
    """Metres to the nearest ten ("120 m"), from a kilometre on kilometres ("1,2 km")."""
    if metres < 995:
        return f"{max(10, round(metres / 10) * 10)} m"
    return f"{format_decimal(metres / 1000, '0.0', locale=countries()[country].locale)} km"


def minutes(seconds: float) -> str:
    """Whole minutes, at least one."""
    return str(max(1, int(seconds / 60 + 0.5)))


def money(amount: float, currency: str, country: str) -> str:
    """A sum in the currency given by ISO 4217, as the country writes it."""
    return str(format_currency(amount, currency, locale=countries()[country].locale))
