"""The simulation's rows as Arrow tables of the canonical schema, whole columns at a time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rollforward.records.batch import PROVENANCE, arrow_schema, arrow_type
from rollforward.records.tables import CUSTOMERS, EXCHANGE_RATES, SUBSCRIPTION_ITEMS
from rollforward.sources.demo.account import ITEM_FIELDS
from rollforward.sources.demo.life import CustomerRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from rollforward.records.tables import Table
    from rollforward.sources.demo.account import ItemRow

SOURCE = "demo"
"""What stands as the file of every row."""

ATTRIBUTES = ("segment", "industry", "channel")
_EPOCH = date(1970, 1, 1).toordinal()
_DIGITS = 7


def customers_table(rows: list[CustomerRow], first_row: int) -> pa.Table:
    """Rows of `customers`; `first_row` is the number of the first among all."""
    columns: dict[str, Any] = _columns(rows, CustomerRow._fields)
    columns["customer"] = _ids("c", columns["customer"])
    columns["created"] = _days(columns["created"])
    columns["attributes"] = _attributes(columns)
    return _table(CUSTOMERS, columns, len(rows), first_row)


def items_table(rows: list[ItemRow], first_row: int) -> pa.Table:
    """Rows of `subscription_items`; `first_row` is the number of the first among all."""
    columns: dict[str, Any] = _columns(rows, ITEM_FIELDS)
    count = len(rows)
    subscriptions = _ids("s", columns["customer"], columns["subscription"])
    return _table(
        SUBSCRIPTION_ITEMS,
        {
            **columns,
            **{name: _days(columns[name]) for name in ("starts", "ends", "cancel_requested", "trial_end")},
            "customer": _ids("c", columns["customer"]),
            "subscription": subscriptions,
            "item": _joined(subscriptions, columns["item"]),
            "amount": _hundredths(columns["price"]),
            "quantity": _whole(columns["quantity"]),
            "interval": _unless_once(columns, "interval"),
            "tax_included": _repeated(Decimal(0), "decimal", count),
            "discounts": _discounts(columns),
            "until_next": _repeated(False, "flag", count),  # noqa: FBT003 - the value of a whole column
        },
        count,
        first_row,
    )


def rates_table(rows: list[tuple[date, str, str, Decimal]]) -> pa.Table:
    """Rows of `exchange_rates`."""
    return _table(EXCHANGE_RATES, _columns(rows, EXCHANGE_RATES.names), len(rows), 1)


def _columns(rows: Sequence[tuple[Any, ...]], names: tuple[str, ...]) -> dict[str, Any]:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return dict(zip(names, columns, strict=True))


def _table(table: Table, columns: dict[str, Any], count: int, first_row: int) -> pa.Table:
    import pyarrow as pa

    file, row, raw = PROVENANCE
    columns = {
        **columns,
        file: _repeated(SOURCE, "text", count),
        row: range(first_row, first_row + count),
        raw: pa.nulls(count, pa.string()),
    }
    schema = arrow_schema(table)
    arrays = [_array(columns[field.name], field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Any, data_type: pa.DataType) -> pa.Array:  # noqa: ANN401 - a column is a sequence or an array already
    import pyarrow as pa

    return values if isinstance(values, pa.Array) else pa.array(values, data_type)


def _ids(letter: str, *numbers: tuple[int, ...]) -> pa.Array:
    """Ids such as c0000042 and, with a second number, s0000042-1."""
    import pyarrow as pa
    import pyarrow.compute as pc

    padded = pc.utf8_lpad(pa.array(numbers[0], pa.int64()).cast(pa.string()), _DIGITS, "0")
    ids = pc.binary_join_element_wise(letter, padded, "")
    for further in numbers[1:]:
        ids = _joined(ids, further)
    return ids


def _joined(ids: pa.Array, numbers: tuple[int, ...]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(ids, pa.array(numbers, pa.int64()).cast(pa.string()), "-")


def _days(ordinals: tuple[int | None, ...]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.subtract(pa.array(ordinals, pa.int32()), pa.scalar(_EPOCH, pa.int32())).cast(pa.date32())


def _hundredths(amounts: tuple[int, ...]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pa.array(amounts, pa.int32()).cast(pa.decimal128(10, 0))
    return pc.multiply(whole, pa.scalar(Decimal("0.01"))).cast(arrow_type("decimal"))


def _whole(numbers: tuple[int | None, ...]) -> pa.Array:
    import pyarrow as pa

    return pa.array(numbers, pa.int32()).cast(arrow_type("decimal"))


def _repeated(value: object, column_type: Any, count: int) -> pa.Array:  # noqa: ANN401 - one of the column types
    import pyarrow as pa

    return pa.repeat(pa.scalar(value, arrow_type(column_type)), count)


def _unless_once(columns: dict[str, Any], name: str) -> list[str | None]:
    """A one-time item has no interval."""
    return [None if kind == "one_time" else value for kind, value in zip(columns["kind"], columns[name], strict=True)]


def _offsets(counts: list[int]) -> pa.Array:
    import itertools

    import pyarrow as pa

    return pa.array(itertools.accumulate(counts, initial=0), pa.int32())


def _discounts(columns: dict[str, Any]) -> pa.Array:
    """The discounts of each row: none or one."""
    import pyarrow as pa

    terms = zip(columns["percent"], columns["discount_starts"], columns["discount_ends"], strict=True)
    given = [term for term in terms if term[0] is not None]
    percents, starts, ends = zip(*given, strict=True) if given else ((), (), ())
    durations = pa.array(["forever" if end is None else "repeating" for end in ends], pa.string())
    no_amount = pa.nulls(len(given), arrow_type("decimal"))
    kind = arrow_type("discounts").value_type
    structs = pa.StructArray.from_arrays(
        [_whole(percents), no_amount, durations, _days(starts), _days(ends)], fields=list(kind)
    )
    return pa.ListArray.from_arrays(_offsets([percent is not None for percent in columns["percent"]]), structs)


def _attributes(columns: dict[str, Any]) -> pa.Array:
    """The further columns of each customer, by name."""
    import pyarrow as pa

    count = len(columns["customer"])
    values = [value for row in zip(*(columns[name] for name in ATTRIBUTES), strict=True) for value in row]
    return pa.MapArray.from_arrays(_offsets([len(ATTRIBUTES)] * count), ATTRIBUTES * count, values)
