"""The audit by HTTP, for supervisors: of a session, who did what when, page by page, and what was refused; of a tenant,
what was refused that is no session's, or an erased one's."""

from __future__ import annotations

from typing import Final

import msgspec
from aiohttp import web

from hub.keys.errors import KeyUnknown, SessionForgotten
from signaling.archive import Archive
from signaling.http import audit_bodies
from signaling.http.access import Access, number
from signaling.http.errors import Refused, json_response
from signaling.http.routes import Route

MOST: Final = 500
USUAL: Final = 200


class Audits:
    """See the module."""

    def __init__(self, access: Access, archive: Archive) -> None:
        self._access = access
        self._archive = archive

    def routes(self) -> list[Route]:
        """The verbs."""
        return [
            Route(
                method="GET", path="/v1/sessions/{session}/audit", name="readAudit",
                says="Who did what when, and what was refused: for supervisors who may export", handler=self.read,
                gives=audit_bodies.AuditAnswer,
                query=(("after", "acts after this offset"), ("limit", f"1 to {MOST} acts")),
            ),
            Route(
                method="GET", path="/v1/audit", name="readTenantsAudit",
                says="What was refused that is no session's, or an erased one's: for supervisors who may export",
                handler=self.beside, gives=audit_bodies.TriedAnswer,
            ),
        ]  # fmt: skip

    async def read(self, request: web.Request) -> web.Response:
        """`GET /v1/sessions/{session}/audit`"""
        key, ticket = self._access.session(request, "export")
        if ticket.role != "supervisor":
            self._access.forbidden(key, ticket, "export", "only supervisors")
            raise Refused("not_allowed", "only supervisors")
        after = number(request, "after", 0, 0, (1 << 53) - 1)
        limit = number(request, "limit", USUAL, 1, MOST)
        try:
            found = await self._archive.acts(key, after, limit + 1)
            trials = await self._archive.tried(key)
        except (KeyUnknown, SessionForgotten) as gone:
            self._access.gone(key, ticket, "export")
            reason = "session_erased" if isinstance(gone, SessionForgotten) else "not_found"
            raise Refused(reason) from None
        acts = [{**msgspec.json.decode(act.encoded), "digest": act.digest.hex()} for act in found[:limit]]
        more = acts[-1]["offset"] if len(found) > limit else 0
        refused = [msgspec.to_builtins(trial) for trial in trials.trials]
        return json_response(
            audit_bodies.AuditAnswer(acts, refused, trials.unreadable, more, list(trials.flaws))
        )

    async def beside(self, request: web.Request) -> web.Response:
        """`GET /v1/audit`"""
        ticket = self._access.whole(request)
        if ticket.role != "supervisor" or not ticket.allows("export"):
            self._access.forbidden_here(ticket, "export", request.path)
            raise Refused("not_allowed", "only supervisors who may export")
        found = await self._archive.tried_beside(ticket.tenant)
        refused = [msgspec.to_builtins(trial) for trial in found.trials]
        return json_response(audit_bodies.TriedAnswer(refused, found.unreadable, list(found.flaws)))
