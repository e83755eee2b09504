"""The oracle: MRR from a case, day by day, slow and obvious, sharing no code with the engine.

It knows the case format and nothing else: fractions, dicts and loops. `Oracle(case)` answers every question a case can
ask. The engine is held against it on random books.

What it takes for granted where the format is silent:

*Amounts.* What a row (an item's terms, or one invoice line) makes in a year is rounded half away from zero to
`annual_places` decimals once a day, in its own currency; a converted amount is rounded so again; an inverse rate and a
month's average have 12 decimals. `round` rounds the converted monthly amount of the subscription or of the row.

*Units.* Gaps, ignored stints and returns look at the unit: the customer, or customer and subscription at level
subscription. A unit is there while its total is not 0; with free = count, while a row counts. A filled gap repeats the
rows, rates and amounts of the day before it. It is filled when the unit is back by today. Gaps are filled first, then
stints ignored: one that begins and is churned in one calendar month, before which the unit has never been there.

*Exchange.* An item that has an amount in one currency before and after a day, at rates of which some differ, was
carried at the old rates and is revalued at the new one; what that changes (rounded as the policy rounds) is exchange.
When an item's rows after the day have several rates, only rows that run on are revalued. A unit that comes or goes on
that day, or between the two month ends that are compared, has no exchange part. With exchange_rate = none only what is
in the reporting currency is counted.

*Rates.* A direct rate on or before the day is taken before an inverse. A row needs a rate from the first day it counts.

*Rows.* A row with an unknown word, a backward range or a count below 1 takes no part in anything. An overlapping row
still makes a later one overlap. A row with `until_next` never overlaps; it ends where the next row of its item starts.

*Netting by month* compares the levels of month ends; a return's days are counted between those movements.

*Rates of customers* look at customers, whatever the level. Who joined and left is left out of both sides of the rate.
The daily sum adds each day's own churn over that day's opening count. `trailing:N` is the mean of the rates of the N
months before.

*Contracts* are subscriptions of which no row is open-ended. Charges fall on the first day of each interval.
"""

from oracle.answers import Oracle

__all__ = ["Oracle"]
