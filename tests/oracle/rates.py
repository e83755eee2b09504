"""Exchange rates: which rate a currency has on a day."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from oracle.arithmetic import first_of_month, half_away, month_end

if TYPE_CHECKING:
    from oracle.case import Case

RATE_PLACES = 12


class Rates:
    """The rates into the reporting currency, as the policy picks them."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._found: dict[tuple[str, date], Fraction | None] = {}

    def on(self, currency: str, day: date) -> Fraction | None:
        """The rate that holds on a day; None when there is none. A month's average is asked for by its last day."""
        if currency == self._case.currency:
            return Fraction(1)
        if (currency, day) not in self._found:
            self._found[currency, day] = self._find(currency, day)
        return self._found[currency, day]

    def _find(self, currency: str, day: date) -> Fraction | None:
        published = self._published(currency, day)
        if not published:
            return None
        if self._case.policy["exchange_rate"] == "month_average":
            month = [rate for published_on, rate in published if published_on >= first_of_month(day)]
            if month:
                return half_away(sum(month, Fraction(0)) / len(month), RATE_PLACES)
        return max(published)[1]

    def _published(self, currency: str, day: date) -> list[tuple[date, Fraction]]:
        """The rates published up to a day, direct ones if there are any, else inverse ones."""
        to = self._case.currency
        rates = [rate for rate in self._case.rates if rate["date"] <= day]
        direct = [(rate["date"], rate["rate"]) for rate in rates if (rate["from"], rate["to"]) == (currency, to)]
        inverse = [
            (rate["date"], half_away(1 / rate["rate"], RATE_PLACES))
            for rate in rates
            if (rate["from"], rate["to"]) == (to, currency)
        ]
        return direct or inverse

    def day_for(self, day: date, service_start: date, purchase: date) -> date:
        """The day whose rate an amount has on `day`."""
        rule = self._case.policy["exchange_rate"]
        if rule == "service_start":
            return service_start
        if rule == "purchase":
            return purchase
        if rule.startswith("fixed:"):
            return date.fromisoformat(rule.removeprefix("fixed:"))
        # What is published after today is not known; a day after today is carried at today's rates.
        return min(month_end(day), self._case.today)

    def changes_by_month(self) -> bool:
        """Whether a rate may change on the first day of any month."""
        return self._case.policy["exchange_rate"] in ("period_end", "month_average")
