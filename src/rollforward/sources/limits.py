"""What a ledger can hold: amounts so large, or periods so long, that they can only be a slip."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rollforward.sources.faults import Fault

Arrays = dict[str, Any]
"""The columns of a batch, by name."""

LARGEST = 500_000_000_000
"""The largest annual run-rate of one row, in units of its currency: half of what the ledger holds for an account."""

LONGEST = 36_525
"""The days of the longest billing or service period: a century."""

_DAYS_OF = {"day": 1, "week": 7, "month": 30, "year": 365}
_PER_YEAR = {"day": 366, "week": 53, "month": 12, "year": 1}

TOO_LARGE = Fault(
    f"comes to more than {LARGEST:,} units a year, which a ledger cannot hold",
    'Correct it; if it is in cents or another small part of the unit, say times = "0.01" in the map',
)
TOO_LONG = Fault("makes a billing period of more than a century", "Correct it")
SERVED_TOO_LONG = Fault("ends a service period of more than a century", "Correct the dates")


def item_too_large(arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Which subscription items have an annual run-rate above the largest, before discounts and with their tax."""
    import pyarrow as pa
    import pyarrow.compute as pc

    price = pc.max_element_wise(pc.abs(arrays["amount"]), pc.abs(arrays["tax_included"]))
    most = _largest(price) * _largest(arrays["quantity"]) * _PER_YEAR["day"]
    if most <= LARGEST:
        return pa.repeat(pa.scalar(False), len(price))  # noqa: FBT003 - the answer for each row
    a_year = pc.multiply(_wide(price), _wide(pc.abs(arrays["quantity"])))
    charges = pc.if_else(pc.equal(arrays["kind"], "one_time"), 1, _looked_up(arrays["interval"], _PER_YEAR))
    return pc.greater(pc.multiply(a_year, _whole(charges)), pc.multiply(_whole(arrays["interval_count"]), _limit()))


def period_too_long(arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Which subscription items have a billing period longer than the longest."""
    import pyarrow as pa
    import pyarrow.compute as pc

    days = _looked_up(arrays["interval"], _DAYS_OF).cast(pa.int64())
    return pc.greater(pc.multiply(days, arrays["interval_count"].cast(pa.int64())), LONGEST)


def service_too_long(arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Which invoice lines have a service period longer than the longest."""
    import pyarrow.compute as pc

    return pc.greater(pc.days_between(arrays["period_start"], arrays["period_end"]), LONGEST)


def line_too_large(arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Which invoice lines are above the largest by themselves, or as a rate of a year over their service period."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = [pc.abs(arrays[name]) for name in ("amount", "tax", "discount")]
    if sum(map(_largest, parts)) * _PER_YEAR["day"] <= LARGEST:
        return pa.repeat(pa.scalar(False), len(parts[0]))  # noqa: FBT003 - the answer for each row
    size = pc.add(pc.add(_wide(parts[0]), _wide(parts[1])), _wide(parts[2]))
    days = _whole(_days_of_year(arrays["period_start"], arrays["period_end"]))
    return pc.greater(pc.multiply(size, _whole(pa.scalar(_PER_YEAR["day"]))), pc.multiply(days, _limit()))


def _days_of_year(start: Any, end: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The days of each period, of longer ones those of a year; a year where there is no period."""
    import pyarrow.compute as pc

    both = pc.ElementWiseAggregateOptions(skip_nulls=False)
    days = pc.max_element_wise(pc.days_between(start, end), 1, options=both)
    return pc.min_element_wise(pc.fill_null(days, _PER_YEAR["day"]), _PER_YEAR["day"])


def snapshot_too_large(arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Which snapshots have an annual run-rate above the largest."""
    import pyarrow.compute as pc

    return pc.greater(pc.abs(arrays["mrr"]), Decimal(LARGEST) / _PER_YEAR["month"])


def _largest(numbers: Any) -> Decimal:  # noqa: ANN401 - pyarrow has no types
    import pyarrow.compute as pc

    return pc.max(numbers).as_py() or Decimal(0)


def _looked_up(words: Any, numbers: dict[str, int]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The number of each word; null where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    places = pc.index_in(words, pa.array(list(numbers), pa.string()))
    return pc.take(pa.array(list(numbers.values()), pa.int64()), places)


def _wide(amounts: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Amounts in a type that can hold any product of two of them."""
    import pyarrow as pa

    return amounts.cast(pa.decimal256(28, 10))


def _whole(numbers: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Whole numbers of at most ten digits, as exact as the amounts."""
    import pyarrow as pa

    return numbers.cast(pa.int64()).cast(pa.decimal256(19, 0)).cast(pa.decimal256(10, 0))


def _limit() -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    return pa.scalar(Decimal(LARGEST), pa.decimal256(12, 0))
