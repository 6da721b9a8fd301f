"""v3: registering a connection of a station, and getting its clientToken by a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from emitter.api.suz.answers import answer
from emitter.api.suz.calls import require_uuid
from emitter.engine.commands import IssueClientToken, OpenConnection
from emitter.errors import Reason, Refused
from emitter.store.rows import SignaturePolicy

if TYPE_CHECKING:
    from starlette.responses import Response

    from emitter.api.suz.calls import Call
    from emitter.api.suz.signatures import Anchors

_NAME = "station"


async def connection(call: Call) -> Response:
    """Register a connection under the station's registration key; signed where policy says so."""
    call.enter_unknown()
    station = call.engine.station(call.uuid("omsId"))
    if not station.accepts_key(call.header("X-RegistrationKey")):
        raise Refused(Reason.REGISTRATION_KEY_INVALID)
    signature = call.header("X-Signature")
    if signature:
        _anchors(call).verify_detached(signature, await call.signed_bytes(), station.row.bin)
    elif station.row.signatures != SignaturePolicy.OPTIONAL:
        raise Refused(Reason.SIGNATURE_REQUIRED)
    asked = await call.shape("Connection")
    command = OpenConnection(
        station.row.bin,
        station.oms_id,
        asked.get("name") or _NAME,
        asked["address"],
        connection_id=uuid4(),  # drawn here, so that `execute` may repeat it
    )
    made = (await call.execute(command)).value
    return answer(
        {
            "status": "SUCCESS",
            "omsConnection": str(made.connection_id),
            "name": made.row.name,
            "rejectionReason": "",
        }
    )


async def key(call: Call) -> Response:
    """Give out what to sign."""
    call.enter_unknown()
    challenge = call.house.challenges.make()
    return answer({"uuid": str(challenge.uuid), "data": challenge.data})


async def simple_sign_in(call: Call) -> Response:
    """Issue the clientToken of a connection for the signed data; the one before it ends."""
    call.enter_unknown()
    connection_id = require_uuid(call.request.path_params["omsConnection"], "omsConnection")
    view = call.engine.connection(connection_id)
    asked = await call.shape("SignIn")
    data = _anchors(call).verify_attached(asked["data"], view.row.bin)
    call.house.challenges.redeem(require_uuid(asked["uuid"], "uuid"), data)
    lifetime_us = call.limits.station_token_ms * 1000
    command = IssueClientToken(view.row.bin, connection_id, lifetime_us)
    return answer({"token": (await call.execute(command)).value})


def _anchors(call: Call) -> Anchors:
    if call.house.anchors is None:
        raise Refused(Reason.SIGNATURE_INVALID, rule="the server has no trust anchors")
    return call.house.anchors
