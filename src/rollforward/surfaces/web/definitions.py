"""Definitions: the policy in words, what another one would make of the same records, and every metric's formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.book.policies import Policies, settings_of
from rollforward.metrics.registry import every_metric
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import table_of

if TYPE_CHECKING:
    from rollforward.book.bridge import PolicyBridge
    from rollforward.surfaces.web.tables import Row, Table

router = APIRouter()


@router.get("/definitions")
def definitions(page: Annotated[Page, asked("beside", "what_if")]) -> HTMLResponse:
    """The policy that the address names, beside another, or as it would be with a rule switched."""
    policies = Policies(page.book.shelf, page.book.settings.policy)
    name = page.ask.view.policy if isinstance(page.ask.view.policy, str) else page.book.settings.policy
    policy = policies.find(name)
    bridge = _bridge(page, name)

    def link(column: str, row: Row) -> str | None:
        return (
            page.ask.url("/definitions", what_if=f"{row['rule']}={row['value']}", beside=None) + "#switch"
            if column == "rule"
            else None
        )

    return page.html(
        "definitions.html",
        stamp=page.answer("stamp", lambda book: book.stamp(view=page.ask.view)),
        policy=policy,
        versions=policies.versions(name),
        beside=page.ask.one("beside"),
        what_if=page.ask.one("what_if"),
        bridge=bridge and _bridge_table(bridge),
        rules=table_of(policies.rules(name), "The rules", link=link),
        statuses=table_of(policies.statuses(name), "What becomes of each status"),
        metrics=every_metric(),
    )


def _bridge(page: Page, name: str) -> PolicyBridge | None:
    ask = page.ask
    if switched := ask.one("what_if"):
        changes = settings_of([switched], "what_if")
        return page.answer(("what if", switched), lambda book: book.what_if(changes, view=ask.view))
    if other := ask.one("beside"):
        return page.answer(("beside", other), lambda book: book.policy_bridge(name, other, view=ask.view))
    return None


def _bridge_table(bridge: PolicyBridge) -> Table:
    return table_of(bridge, "What each rule is worth today", empty="No rule differs.")
