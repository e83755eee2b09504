"""Policies: what counts as MRR, in words, and what another policy would make of the same records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.book.policies import Policies
from rollforward.surfaces import written
from rollforward.surfaces.api import models
from rollforward.surfaces.api.operations import Group

if TYPE_CHECKING:
    from rollforward.formats import Answer
    from rollforward.results import Result
    from rollforward.surfaces.api.calls import Call

group = Group("Policies")


@group.table("/policies", "listPolicies", row=models.PolicyAbout)
def policies(call: Call) -> Answer:
    """Every policy: the book's own and the built-in ones."""
    return call.answer(lambda book: Policies(book.shelf, book.settings.policy).listed())


@group.table("/policies/{policy}", "getPolicy", row=models.Rule, example={"policy": "default"})
def policy(call: Call) -> Answer:
    """A policy in words: each rule, its value, where that comes from, and what becomes of each status."""
    name = call.named["policy"]

    def rules() -> Answer:
        return call.answer(lambda book: Policies(book.shelf, book.settings.policy).rules_and_statuses(name))

    return call.found(rules)


@group.table(
    "/policies/{policy}/diff/{other}",
    "comparePolicies",
    row=models.Switch,
    takes=("on", "currency", "as_of", "allow_stale"),
    example={"policy": "default", "other": "stripe", "on": "2026-05-31"},
)
def diff(call: Call) -> Result:
    """A bridge from MRR under one policy to MRR under another: what each rule that differs is worth on a day.

    The rules are switched one after the other. The residual is what they leave unexplained: 0.
    """
    ask, names = call.ask, (call.named["policy"], call.named["other"])
    for name in names:
        call.found(lambda name=name: call.book.policy(name))  # type: ignore[misc]
    day = written.exact_day(call.one("on"), "on")
    return call.answer(lambda book: book.policy_bridge(*names, on=day, view=ask.view))
