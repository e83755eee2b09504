"""Opening numbers: what one is made of, what was known of it when, and what each rule is worth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rollforward.book.completeness import require_known
from rollforward.book.explaining.explanation import SHOWN
from rollforward.book.figuring import Figuring
from rollforward.book.view import View
from rollforward.errors import UsageError
from rollforward.policy.written import said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from rollforward.book.asking import Where
    from rollforward.book.bridge import PolicyBridge
    from rollforward.book.explaining.explanation import Explanation
    from rollforward.calendar import Every
    from rollforward.policy.policy import Policy
    from rollforward.store.database import Database


class Opening(Figuring):
    """The side of a book that says why a number is what it is."""

    def policy_bridge(
        self,
        first: str | Policy,
        other: str | Policy,
        *,
        on: date | None = None,
        view: View = View(),
        accounts: bool = False,
    ) -> PolicyBridge:
        """What each rule in which two policies differ is worth on a day (default: today), and the residual, 0.

        With `accounts`, `changed` lists every account that a rule changes. The view's own policy is not read.
        """
        from rollforward.book import bridging

        today = self.today(view.as_of)
        day = on or today
        if day > today:
            raise UsageError(f"{day} is yet to come. The book looks up to {today}.")
        one, two = (self._used(replace(view, policy=name)) for name in (first, other))
        with self._database.reading() as connection:
            require_known(connection, view.as_of, self._clock())
            lacks = (self._lacking(connection, replace(view, policy=policy), day, "--on") for policy in (one, two))
            lacking = "; ".join(dict.fromkeys(lack for lack in lacks if lack)) or None
            stamp = replace(self._stamp_of(connection, one, view, f"{two.label} ({two.hash})", day), stale=lacking)
            at = bridging.Standpoint(connection, stamp.currency, today, view.as_of, day)
            return bridging.bridge(at, one, two, stamp, accounts=accounts)

    def what_if(
        self,
        changes: Mapping[str, Any],
        *,
        on: date | None = None,
        view: View = View(),
        accounts: bool = False,
    ) -> PolicyBridge:
        """The bridge from the view's policy to what it would be with some keys changed; PolicyError for a wrong key."""
        now = self.policy(view.policy)
        other = now.with_settings(f"{now.label} with {said(changes)}", dict(changes))
        return self.policy_bridge(now, other, on=on, view=view, accounts=accounts)

    def explain(  # noqa: PLR0913  each names a part of what is to be explained
        self,
        metric: str | None = None,
        period: str | None = None,
        *,
        account: str | None = None,
        on: date | None = None,
        movement: date | None = None,
        every: Every | None = None,
        where: Where | None = None,
        limit: int | None = SHOWN,
        view: View = View(),
    ) -> Explanation:
        """Why a number is what it is: a metric of a period, or an account's MRR on a day, or its movements of a day.

        A metric opens by its formula, then into at most `limit` accounts and movements a figure (None: all); an account
        into the spans, records and rows that make its MRR, and those that do not count; a movement into its causes.
        `period` is written `2026-06-30`, `2026-06`, `2026-Q2`, `2026` or `2026-W27`. NotFoundError for an account that
        the book does not know and a day without a movement, UsageError for a day before the first record,
        ReconciliationError where the parts of a number do not add up to it.
        """
        from rollforward.book.explaining.asked import (
            explained_account,
            explained_metric,
            explained_movement,
            subject_of,
        )

        subject = subject_of(metric, period, account, on, movement, every, where, self.settings.fiscal_year_start)
        with self._asking(
            view,
            where,
            None,
            subject.every,
            subject.start,
            subject.end,
            subject.metrics,
            whole_ledger=subject.of_account,
            ends_by=subject.ends_by,
        ) as asked:
            if account is None:
                return explained_metric(asked, str(metric), limit)
            explained = explained_account if movement is None else explained_movement
            return explained(asked, account, subject.end)

    def history(
        self, account: str, *, on: date | None = None, month: str | None = None, view: View = View()
    ) -> Explanation:
        """What the book said about an account over time: its MRR on a day (today if none), or a month's movements.

        A part for each time the book learned something that changed the answer, with the movements that changed and
        the facts that changed them. NotFoundError for an account that the book does not know.
        """
        from rollforward.book.explaining.asked import history_of, last_day_of
        from rollforward.book.explaining.history import history

        end, ends_by = last_day_of(on, month)
        with self._asking(
            replace(view, as_of=None), None, None, "day", None, end, whole_ledger=True, ends_by=ends_by
        ) as now:
            asked = history_of(now, account, on, month, view.as_of)

        def said(kept_in: Database) -> list[tuple[date, str, int]]:
            then = type(self)(self.path, replace(self.settings, segments=()), self._clock, kept_in)
            moves = then.annual_movements(view=replace(view, as_of=None))
            return [(day, kind, amount) for day, of, kind, amount in moves if of == account]

        with self._database.reading() as connection:
            return history(connection, asked, said).stamped(replace(now.stamp, known_at=view.as_of), [])
