"""Share links: whoever opens one gets the page that it leads to, read-only, until it ends."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from rollforward.surfaces.server import cookies
from rollforward.surfaces.server.who import people_of

router = APIRouter(include_in_schema=False)


@router.get("/s/{token}")
def open_share(request: Request, token: str) -> Response:
    """Go to the page of a share link. The token leaves the address, so that it is not handed on by accident."""
    people = people_of(request)
    share = people.shares.find(token) if people else None
    if people is None or share is None:
        raise HTTPException(404, "This link opens nothing: it is over, it was revoked, or a part of it is missing.")
    seconds = int((share.ends_at - people.database.clock()).total_seconds())
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    response = RedirectResponse(share.path, 303, headers)
    cookies.give_share(request, response, share.id, token, seconds)
    return response
