"""Numbers as people and programs write them, read exactly."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from functools import cache

from rollforward.sources.faults import Fault

MOST_DECIMALS = 10
MOST_DIGITS = 18

SYMBOLS = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "ARS", "CLP", "COP", "BRL"),
    "€": ("EUR",),
    "£": ("GBP", "EGP", "GIP", "FKP", "SHP"),
    "¥": ("JPY", "CNY"),
    "₹": ("INR",),
    "₩": ("KRW",),
    "zł": ("PLN",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "R$": ("BRL",),
    "US$": ("USD",),
    "C$": ("CAD",),
    "A$": ("AUD",),
}
"""The currencies that a sign beside an amount can mean."""

_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_SIGNED = re.compile(r"([^0-9.,()\s'\u2019+-]*)\s*([^A-Za-z$€£¥₹₩]*?[0-9.,)])\s*([^0-9.,()'\u2019]*)")
_SPACES = re.compile("[\u00a0\u202f\u2009 ]")
_EXACT = Context(prec=60, traps=[Inexact])
_ROUNDED = Context(prec=60, rounding=ROUND_HALF_UP, traps=[])

_NOT_PLAIN = Fault(
    "not a number as it stands",
    'If it is one, say in the map how numbers are written, such as decimal = "," and thousands = "."',
)
_TOO_FINE = Fault(
    f"more than {MOST_DECIMALS} decimals", f"Round it in the source, or in the map with round = {MOST_DECIMALS}"
)
_TOO_LARGE = Fault(f"more than {MOST_DIGITS} digits before the decimal mark", "Correct the number")
_NOT_WHOLE = Fault("not a whole number of at least 1", "Correct the number")


def parse_decimal(
    text: str, mark: str = ".", thousands: str = "", times: Decimal | None = None, places: int | None = None
) -> Decimal | Fault:
    """An exact number, times a factor, rounded half up to `places` if the map asks for it."""
    body, _ = split_sign(text)
    plain = _plain(body, mark, thousands)
    if plain is None:
        return _NOT_PLAIN
    value = Decimal(plain)
    if value and value.adjusted() >= MOST_DIGITS:
        return _TOO_LARGE
    try:
        return _fitted(_worked(value, times, places))
    except Inexact:
        return _TOO_FINE


def _worked(value: Decimal, times: Decimal | None, places: int | None) -> Decimal:
    if times is not None:
        value = _EXACT.multiply(value, times)
    return value if places is None else value.quantize(Decimal(1).scaleb(-places), context=_ROUNDED)


def _fitted(value: Decimal) -> Decimal | Fault:
    """The number if a column can hold it, else why not."""
    if value and value.adjusted() >= MOST_DIGITS:
        return _TOO_LARGE
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_DECIMALS:
        value = value.normalize(_EXACT)
        exponent = value.as_tuple().exponent
        return value if isinstance(exponent, int) and exponent >= -MOST_DECIMALS else _TOO_FINE
    return value


def _plain(text: str, mark: str, thousands: str) -> str | None:
    negative = text.startswith("(") and text.endswith(")")
    text = text[1:-1].strip() if negative else text.replace("\u2212", "-")
    if not _PLAIN.fullmatch(text) or mark != ".":
        grouped = _ungrouped(text, mark, thousands)
        if grouped is None:
            return None
        text = grouped
    if negative and text[:1] in "+-":
        return None
    return f"-{text}" if negative else text


def _ungrouped(text: str, mark: str, thousands: str) -> str | None:
    """The number without its thousands marks; None if it is not written with these marks."""
    text, thousands = _same_marks(text), _same_marks(thousands)
    pattern = _grouping(mark, thousands)
    if not pattern.fullmatch(text):
        return None
    if thousands:
        text = text.replace(thousands, "")
    return text.replace(mark, ".")


def _same_marks(text: str) -> str:
    """A text with one kind of space and one kind of apostrophe."""
    return _SPACES.sub(" ", text).replace("\u2019", "'")


@cache
def _grouping(mark: str, thousands: str) -> re.Pattern[str]:
    """Whole groups of three (after the last one or two, as in India) or no groups at all."""
    groups = (
        rf"|[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{2,3}})*{re.escape(thousands)}[0-9]{{3}}" if thousands else ""
    )
    return re.compile(rf"[+-]?(?:[0-9]+{groups})(?:{re.escape(mark)}[0-9]+)?")


def split_sign(text: str) -> tuple[str, str]:
    """A number's text without the currency sign or code beside it, and that sign."""
    if _PLAIN.fullmatch(text):
        return text, ""
    lead = "-" if text[:1] in "-\u2212" else ""
    outer = text.startswith("(") and text.endswith(")")
    match = _SIGNED.fullmatch(text[1:-1].strip() if outer else text[len(lead) :].strip())
    if match is None or (match[1] and match[3]):
        return text, ""
    sign = (match[1] or match[3]).strip()
    if not sign or not currencies_of(sign):
        return text, ""
    return (f"({match[2]})" if outer else f"{lead}{match[2]}"), sign


def currencies_of(sign: str) -> tuple[str, ...]:
    """The currencies that a sign or code beside an amount can mean; none if it is neither."""
    from rollforward.money import is_currency

    return SYMBOLS.get(sign) or ((sign.upper(),) if is_currency(sign.upper()) else ())


def parse_percent(text: str, mark: str = ".", thousands: str = "", times: Decimal | None = None) -> Decimal | Fault:
    """A percentage, with or without its sign."""
    return parse_decimal(text.removesuffix("%").rstrip(), mark, thousands, times)


def parse_count(text: str) -> int | Fault:
    """A whole number of at least 1."""
    if not re.fullmatch(r"[0-9]{1,9}(?:\.0+)?", text):
        return _NOT_WHOLE
    return int(text.partition(".")[0]) or _NOT_WHOLE
