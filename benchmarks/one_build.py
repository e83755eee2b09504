"""One build from record tables in a process of its own, which says when each step begins; `engines.py` runs it."""

import resource
import sys
import time

from rollforward.book import Book

records, out, engine, buckets, threads = sys.argv[1:]
begun = time.perf_counter()


def tell(step: str) -> None:
    """Say when a step begins."""
    print(f"{time.perf_counter() - begun:.3f}\t{step}", flush=True)


kept = Book.build_from_records(
    records, out, engine=engine, buckets=int(buckets), threads=int(threads) or None, replace=True, progress=tell
)
tell("end")
print(kept.ledger_hash)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
spent = resource.getrusage(resource.RUSAGE_SELF)
print(round(spent.ru_utime + spent.ru_stime, 2))
