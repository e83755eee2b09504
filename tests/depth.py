"""How deep the tests go where depth is a matter of number: random books, random kills, made-up questions.

`make test` takes the numbers that stand in the tests; `make soak` takes four times as many. ROLLFORWARD_DEPTH says how
many times else. A seed stands beside each number from which a failure could not be repeated otherwise.
"""

import os

DEPTH = int(os.environ.get("ROLLFORWARD_DEPTH", "1"))
assert DEPTH > 0, "ROLLFORWARD_DEPTH is a whole number from 1"


def deep(number: int) -> int:
    """So many times a number as the run is deep."""
    return number * DEPTH
