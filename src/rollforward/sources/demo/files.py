"""The demo company's records as files such as a company has them: three tables with column names for people."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal

from rollforward.sources.demo.catalogue import CURRENCIES, smallest
from rollforward.sources.demo.rates import PLACES
from rollforward.sources.demo.rows import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

    from rollforward.records.batch import Batch

FileFormat = Literal["csv", "parquet"]

FILE_OF = {"customers": "customers", "subscription_items": "subscriptions", "exchange_rates": "exchange_rates"}
"""The file's name, by table."""

_WHOLE_UNITS = [currency for currency in CURRENCIES if smallest(currency) > 1]
_BILLING = {("month", 1): "monthly", ("month", 3): "quarterly", ("year", 1): "yearly"}


def write_files(batches: Iterable[Batch], folder: Path, file_format: FileFormat) -> list[Path]:
    """Write each batch to the file of its table as it comes: the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[Path, Any] = {}
    with ExitStack() as stack:
        for batch in batches:
            path = folder / f"{FILE_OF[batch.table]}.{file_format}"
            rows = _FOR_PEOPLE[batch.table](batch.rows)
            if path not in writers:
                writers[path] = stack.enter_context(_writer(path, rows.schema, file_format))
            writers[path].write_table(rows)
    return list(writers)


def _writer(path: Path, schema: pa.Schema, file_format: FileFormat) -> Any:  # noqa: ANN401 - one of two classes of pyarrow
    if file_format == "parquet":
        import pyarrow.parquet as pq

        return pq.ParquetWriter(path, schema)
    import pyarrow.csv

    return pyarrow.csv.CSVWriter(path, schema, write_options=pyarrow.csv.WriteOptions(quoting_style="needed"))


def _customers(rows: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    attributes = {name.capitalize(): pc.map_lookup(rows["attributes"], pa.scalar(name), "first") for name in ATTRIBUTES}
    return pa.table(
        {
            "Customer ID": rows["customer"],
            "Company": rows["name"],
            "Country": rows["country"],
            "Signed up": rows["created"],
            **attributes,
        }
    )


def _subscriptions(rows: pa.Table) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "Customer ID": rows["customer"],
            "Subscription ID": rows["subscription"],
            "Item ID": rows["item"],
            "Plan": rows["plan"],
            "Product": rows["product"],
            "Unit price": _money(rows["amount"], rows["currency"]),
            "Quantity": rows["quantity"].cast(pa.decimal128(20, 0)).cast(pa.int64()),
            "Currency": rows["currency"],
            "Billing": _billing(rows),
            "Type": rows["kind"],
            "Status": rows["status"],
            "Start date": rows["starts"],
            "End date": rows["ends"],
            "Cancelled on": rows["cancel_requested"],
            "Trial end": rows["trial_end"],
            **_discount(rows["discounts"].combine_chunks()),
        }
    )


def _rates(rows: pa.Table) -> pa.Table:
    import pyarrow as pa

    rate = rows["rate"].cast(pa.decimal128(20, PLACES)).cast(pa.string())
    return pa.table({"Date": rows["date"], "From": rows["from"], "To": rows["to"], "Rate": rate})


_FOR_PEOPLE = {"customers": _customers, "subscription_items": _subscriptions, "exchange_rates": _rates}


def _money(amounts: pa.ChunkedArray, currencies: pa.ChunkedArray) -> pa.Array:
    """Amounts as their currency is written: 19.00 in USD, 2900 in JPY."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = amounts.cast(pa.decimal128(20, 2)).cast(pa.string())
    whole = pc.is_in(currencies, pa.array(_WHOLE_UNITS))
    return pc.if_else(whole, pc.utf8_rtrim(pc.utf8_rtrim(text, "0"), "."), text)


def _billing(rows: pa.Table) -> list[str | None]:
    pairs = zip(rows["interval"].to_pylist(), rows["interval_count"].to_pylist(), strict=True)
    return [_BILLING.get(pair) for pair in pairs]


def _discount(discounts: pa.ListArray) -> dict[str, pa.Array]:
    """The one discount of each row, spread over columns; empty where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    given = pc.equal(pc.list_value_length(discounts), 1)
    # Each row has one discount at most, so a row's place in the flat list is the number of those before it.
    places = pc.if_else(given, pc.subtract(pc.cumulative_sum(given.cast(pa.int64())), 1), None)
    flat = discounts.flatten().take(places)
    columns = {"Discount %": "percent", "Discount start": "starts", "Discount end": "ends"}
    spread = {name: pc.struct_field(flat, part) for name, part in columns.items()}
    spread["Discount %"] = spread["Discount %"].cast(pa.decimal128(10, 0))
    return spread
