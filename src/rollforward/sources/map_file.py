"""Column maps as TOML files."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rollforward.errors import MapError
from rollforward.sources.column_map import SHAPES, Binding, ColumnMap, Lookup, SkipRule, checked
from rollforward.sources.numbers import MOST_DECIMALS

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS = ("decimal", "thousands", "encoding", "delimiter", "sheet", "timezone")
_KEYS = ("shape", "table", "columns", "date_format", "header_row", "empty", "months", "skip_where", "lookup", *_TEXTS)
_BINDING_KEYS = (
    "column",
    "columns",
    "separator",
    "constant",
    "default",
    "words",
    "times",
    "round",
    "last_day",
    "optional",
    "date_format",
)


def load_map(path: Path | str) -> ColumnMap:
    """The column map in a TOML file; MapError if it is wrong."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MapError(path, f"cannot be read ({error})", "Check the path") from error
    return parse_map(text, where=str(path), folder=file.parent)


def parse_map(text: str, *, where: str = "", folder: Path | None = None) -> ColumnMap:
    """The column map in a TOML text. Files it names are looked for in `folder`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MapError(where, f"is not TOML ({error})", "Correct that line") from error
    return map_of(data, where=where, folder=folder)


def map_of(data: Mapping[str, object], *, where: str = "", folder: Path | None = None) -> ColumnMap:
    """The column map in a table of settings, as TOML or JSON gives it."""
    _only(where, "the map", data, _KEYS)
    columns = _table(where, "columns", data.get("columns", {}))
    made = ColumnMap(
        shape=_shape(where, data),
        columns={name: _binding(where, name, value) for name, value in columns.items()},
        date_format=_strings(where, "date_format", data.get("date_format", [])),
        header_row=_number(where, "header_row", data.get("header_row", 1)),
        empty=_strings(where, "empty", data.get("empty", [])),
        months=_strings(where, "months", data.get("months", [])),
        skip_where=tuple(_skip_rule(where, value) for value in _list(where, "skip_where", data.get("skip_where", []))),
        lookups=tuple(_lookup(where, value, folder) for value in _list(where, "lookup", data.get("lookup", []))),
        where=where,
        **{key: _string(where, key, data[key]) for key in _TEXTS if key in data},
    )
    return checked(made)


def _shape(where: str, data: Mapping[str, object]) -> str:
    shape = data.get("shape")
    if not isinstance(shape, str) or shape not in SHAPES:
        raise MapError(where, f"shape is {shape!r}" if shape else "says no shape", f"Shapes: {', '.join(SHAPES)}")
    if data.get("table", SHAPES[shape]) != SHAPES[shape]:
        raise MapError(where, f"table is {data['table']!r}", f"The shape {shape} gives rows of {SHAPES[shape]}")
    return shape


def _binding(where: str, name: str, value: object) -> Binding:
    if isinstance(value, str | list):
        return Binding(columns=_strings(where, name, value))
    table = _table(where, name, value)
    _only(where, name, table, _BINDING_KEYS)
    return Binding(
        columns=_strings(where, name, table.get("column", table.get("columns", []))),
        constant=_scalar(where, name, table["constant"]) if "constant" in table else None,
        default=_scalar(where, name, table["default"]) if "default" in table else None,
        separator=_string(where, name, table.get("separator", " ")),
        words=_words(where, name, table.get("words", {})),
        times=_decimal(where, name, table.get("times")),
        round=_places(where, name, table["round"]) if "round" in table else None,
        last_day=_flag(where, name, table.get("last_day", False)),
        optional=_flag(where, name, table.get("optional", False)),
        date_format=_strings(where, name, table.get("date_format", [])),
    )


def _words(where: str, name: str, value: object) -> tuple[tuple[str, str], ...]:
    return tuple((key, _scalar(where, name, word)) for key, word in _table(where, name, value).items())


def _skip_rule(where: str, value: object) -> SkipRule:
    table = _table(where, "skip_where", value)
    _only(where, "skip_where", table, ("column", "values"))
    column = _string(where, "skip_where.column", table.get("column"))
    return SkipRule(column, _strings(where, "skip_where.values", table.get("values")))


def _lookup(where: str, value: object, folder: Path | None) -> Lookup:
    table = _table(where, "lookup", value)
    _only(where, "lookup", table, ("file", "on", "key"))
    on = _string(where, "lookup.on", table.get("on"))
    return Lookup(
        _string(where, "lookup.file", table.get("file")), on, _string(where, "lookup.key", table.get("key", on)), folder
    )


def _only(where: str, what: str, data: Mapping[str, object], known: tuple[str, ...]) -> None:
    for key in data:
        if key not in known:
            raise MapError(where, f"{what} has no setting {key!r}", f"It has: {', '.join(known)}")


def _table(where: str, name: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise MapError(where, f"{name} is {value!r}", "It is a table of names and values")
    return cast("dict[str, object]", value)


def _list(where: str, name: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise MapError(where, f"{name} is {value!r}", f"Write it as [[{name}]]")
    return value


def _string(where: str, name: str, value: object) -> str:
    if not isinstance(value, str):
        raise MapError(where, f"{name} is {value!r}", 'It is a text in "quotes"')
    return value


def _strings(where: str, name: str, value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(_string(where, name, item) for item in values)


def _scalar(where: str, name: str, value: object) -> str:
    """A text; a whole number or a flag is written out. A binary fraction is not exact, so it must be quoted."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _string(where, name, value)


def _number(where: str, name: str, value: object, *, least: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise MapError(where, f"{name} is {value!r}", f"It is a whole number of at least {least}")
    return value


def _places(where: str, name: str, value: object) -> int:
    number = _number(where, f"{name}.round", value, least=0)
    if number > MOST_DECIMALS:
        raise MapError(where, f"{name}.round is {number}", f"It is at most {MOST_DECIMALS}")
    return number


def _flag(where: str, name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise MapError(where, f"{name} has {value!r}", "It is true or false")
    return value


def _decimal(where: str, name: str, value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(_scalar(where, f"{name}.times", value))
    except InvalidOperation as error:
        raise MapError(where, f"{name}.times is {value!r}", 'It is a number in quotes, such as "0.01"') from error
    if not number.is_finite() or not number:
        raise MapError(where, f"{name}.times is {value!r}", "It is a number other than 0")
    return number


def dump_map(column_map: ColumnMap) -> str:
    """The map as TOML; `parse_map` reads it back as the same map."""
    lines = [f"shape = {_quoted(column_map.shape)}"]
    lines += [f"{key} = {_quoted(value)}" for key in _TEXTS if (value := getattr(column_map, key)) not in _unsaid(key)]
    lines += [
        f"{key} = {_listed(value)}" for key in ("date_format", "empty", "months") if (value := getattr(column_map, key))
    ]
    lines += [f"header_row = {column_map.header_row}"] if column_map.header_row != 1 else []
    lines += ["", "[columns]", *(f"{name} = {_dumped(binding)}" for name, binding in column_map.columns.items())]
    for rule in column_map.skip_where:
        lines += ["", "[[skip_where]]", f"column = {_quoted(rule.column)}", f"values = {_listed(rule.values)}"]
    for lookup in column_map.lookups:
        lines += ["", "[[lookup]]", *(f"{key} = {_quoted(getattr(lookup, key))}" for key in ("file", "on", "key"))]
    return "\n".join(lines) + "\n"


def _unsaid(key: str) -> tuple[str | None, ...]:
    return (None, {"decimal": ".", "thousands": ""}.get(key))


def _dumped(binding: Binding) -> str:
    names = _quoted(binding.columns[0]) if len(binding.columns) == 1 else _listed(binding.columns)
    plain = Binding(columns=binding.columns)
    if binding == plain:
        return names
    parts = [f"column = {names}"] if binding.columns else []
    texts = {"constant": binding.constant, "default": binding.default}
    parts += [f"{key} = {_quoted(text)}" for key, text in texts.items() if text is not None]
    parts += [f"separator = {_quoted(binding.separator)}"] if binding.separator != " " else []
    parts += (
        [f"words = {{{', '.join(f'{_quoted(a)} = {_quoted(b)}' for a, b in binding.words)}}}"] if binding.words else []
    )
    parts += [f"times = {_quoted(str(binding.times))}"] if binding.times is not None else []
    parts += [f"round = {binding.round}"] if binding.round is not None else []
    parts += [f"{key} = true" for key in ("last_day", "optional") if getattr(binding, key)]
    parts += [f"date_format = {_listed(binding.date_format)}"] if binding.date_format else []
    return f"{{{', '.join(parts)}}}"


def _listed(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_quoted, values))}]"


def _quoted(text: str | None) -> str:
    """A text as TOML writes it, which for a quoted string is as JSON does, but for the last control character."""
    return json.dumps(text or "", ensure_ascii=False).replace("\x7f", "\\u007f")
