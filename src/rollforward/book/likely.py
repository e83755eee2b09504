"""What is likely: customers that may be one, and customers that may have moved. Proposed with evidence, never applied.

Names are compared by rapidfuzz within blocks of names that begin alike, so that a large book stays quick.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from shlex import quote
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    import duckdb

ALIKE = 90
"""From which likeness on, of 100, two names may be one company's."""

DAYS = 45
"""How many days may lie between the end of a customer that moved and its new beginning."""

_BLOCK = 60
_LIKE_AMOUNTS = (9, 10)
_FORMS = re.compile(r"\b(inc|llc|ltd|limited|gmbh|ag|bv|nv|sa|sas|sarl|sl|co|corp|corporation|company|plc|kk|oy|ab)\b")
_INITIAL = re.compile(r"(?<=\b\w)\.")
_PUBLIC = frozenset(
    ("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "gmx.de", "web.de")
)


@dataclass(frozen=True, slots=True)
class Likely:
    """A merge or a transfer that may be right: of whom into or from whom, why, and how much it would move."""

    kind: str
    customer: str
    other: str
    evidence: str
    command: str


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as far as likeness is concerned; amounts are annual, in stored units."""

    customer: str
    name: str
    domain: str
    first_day: date | None
    last_day: date | None
    first_amount: int
    last_amount: int

    @property
    def called(self) -> str:
        """Its name, or its id where it has none."""
        return self.name or self.customer


def likely(people: Iterable[Person]) -> list[Likely]:
    """The likely transfers and merges, the best evidenced first of each customer."""
    listed = list(people)
    pairs: dict[tuple[str, str], tuple[Person, Person, list[str]]] = {}
    for one, other, why in [*_by_domain(listed), *_by_name(listed)]:
        former, latter = sorted((one, other), key=lambda person: (str(person.first_day), person.customer))
        pairs.setdefault((former.customer, latter.customer), (former, latter, []))[2].append(why)
    found = [_proposal(former, latter, "; ".join(why)) for former, latter, why in pairs.values()]
    return sorted(found, key=lambda one: (one.kind != "transfer", one.other, one.customer))


def _proposal(former: Person, latter: Person, why: str) -> Likely:
    if moved := _moved(former, latter):
        command = f"rollforward entry transfer {quote(latter.customer)} --from {quote(former.customer)} --reason ..."
        return Likely("transfer", latter.customer, former.customer, f"{why}; {moved}", command)
    command = f"rollforward entry merge {quote(latter.customer)} --into {quote(former.customer)} --reason ..."
    return Likely("merge", latter.customer, former.customer, why, command)


def _moved(former: Person, latter: Person) -> str:
    """Why the latter may carry the former on: it began about when the other ended, at a like amount."""
    if former.last_day is None or latter.first_day is None:
        return ""
    days = (latter.first_day - former.last_day).days
    low, high = sorted((former.last_amount, latter.first_amount))
    if abs(days) > DAYS or low * _LIKE_AMOUNTS[1] < high * _LIKE_AMOUNTS[0]:
        return ""
    when = "on the day" if days == 0 else f"{abs(days)} days {'after' if days > 0 else 'before'}"
    return f"began {when} the other ended ({former.last_day}), at a like amount"


def _by_domain(people: Iterable[Person]) -> Iterator[tuple[Person, Person, str]]:
    for domain, block in _blocks(people, lambda person: person.domain).items():
        for one, other in combinations(block, 2):
            yield one, other, f"the same e-mail domain, {domain}"


def _by_name(people: Iterable[Person]) -> Iterator[tuple[Person, Person, str]]:
    from rapidfuzz import fuzz

    for block in _blocks(people, lambda person: plain_name(person.called)[:4]).values():
        named = [(person, plain_name(person.called)) for person in block]
        for (one, name), (other, other_name) in combinations(named, 2):
            likeness = fuzz.token_sort_ratio(name, other_name)
            if name == other_name or (likeness >= ALIKE and one.name and other.name):
                said = "the same name" if name == other_name else f"names alike to {likeness:.0f} of 100"
                yield one, other, f"{said}, {one.called!r} and {other.called!r}"


def _blocks(people: Iterable[Person], key: Any) -> dict[str, list[Person]]:  # noqa: ANN401  a function of a person
    """People by a key that they have; a key that very many share tells nothing."""
    blocks: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        if value := key(person):
            blocks[value].append(person)
    return {value: block for value, block in blocks.items() if 1 < len(block) <= _BLOCK}


def plain_name(name: str) -> str:
    """A name without case, punctuation and legal form, however that is dotted."""
    joined = _INITIAL.sub("", name.lower())
    return " ".join(_FORMS.sub(" ", re.sub(r"[^\w ]", " ", joined)).split())


def people_of(connection: duckdb.DuckDBPyConnection, ledger: str) -> list[Person]:
    """The customers of a book that have MRR in a ledger, and are an account of their own."""
    rows = connection.execute(
        f"""
        WITH stays AS (
            SELECT account, min(day) AS first_day, min_by(after, (day, until)) AS first_amount,
                   CASE WHEN max_by(after, (day, until)) = 0 THEN max(day) END AS last_day,
                   max_by(before, (day, until)) AS last_amount
            FROM {ledger}.movements WHERE kind <> 'exchange' GROUP BY account
        ), known AS (
            SELECT customer, any_value(name) AS name, any_value(attributes) AS attributes
            FROM customers WHERE record NOT IN (SELECT record FROM superseded) GROUP BY customer
        )
        SELECT account, coalesce(name, ''), attributes, first_day, last_day, first_amount, last_amount
        FROM stays LEFT JOIN known ON customer = account ORDER BY account
        """
    ).fetchall()
    return [
        Person(account, name, domain_of(attributes or {}), first, last, int(came), int(went))
        for account, name, attributes, first, last, came, went in rows
    ]


def domain_of(attributes: dict[str, str]) -> str:
    """The domain of the first e-mail address or web address among a customer's attributes, unless it is everybody's."""
    for name, value in attributes.items():
        if value and re.search(r"mail|domain|website|url", name.lower()):
            host = re.sub(r"^https?://", "", value.strip().lower()).split("@")[-1].split("/")[0].removeprefix("www.")
            if re.fullmatch(r"[\w-]+(\.[\w-]+)+", host) and host not in _PUBLIC:
                return host
    return ""
