"""StationService: order stations, their connections and the clientTokens an operator hands out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emitter.api import values
from emitter.engine.commands import IssueClientToken, OpenConnection, RegisterStation
from emitter.errors import Reason, Refused
from emitter.store.rows import SignaturePolicy
from emitter.trade.parties import format_bin, require_bin
from emitter.v1 import station_pb2

if TYPE_CHECKING:
    from emitter.api.calls import Call
    from emitter.engine.stations import ConnectionView


class StationServicer:
    """The service ``emitter.v1.StationService``."""

    descriptor = station_pb2.DESCRIPTOR.services_by_name["StationService"]

    def register_station(
        self, request: station_pb2.RegisterStationRequest, call: Call
    ) -> station_pb2.RegisterStationResponse:
        """Give a participant an order station."""
        call.operator()
        bin_ = require_bin(request.bin, "bin")
        policy = _policy(request.signature_policy) or SignaturePolicy.OPTIONAL
        made, _ = call.execute(RegisterStation(bin_, request.name, policy))
        return station_pb2.RegisterStationResponse(
            oms_id=str(made.oms_id), registration_key=made.registration_key
        )

    def open_connection(
        self, request: station_pb2.OpenConnectionRequest, call: Call
    ) -> station_pb2.OpenConnectionResponse:
        """Open a connection of a station."""
        call.operator()
        station = call.engine.station(values.require_uuid(request.oms_id, "oms_id"))
        policy = _policy(request.signature_policy)
        command = OpenConnection(station.row.bin, station.oms_id, request.name, signatures=policy)
        view, _ = call.execute(command)
        return station_pb2.OpenConnectionResponse(connection=_connection(view))

    def issue_client_token(
        self, request: station_pb2.IssueClientTokenRequest, call: Call
    ) -> station_pb2.IssueClientTokenResponse:
        """Issue the clientToken of a connection; the one before it ends."""
        call.operator()
        connection_id = values.require_uuid(request.connection_id, "connection_id")
        view = call.engine.connection(connection_id)
        token, _ = call.execute(IssueClientToken(view.row.bin, view.connection_id))
        return station_pb2.IssueClientTokenResponse(client_token=token)

    def list_connections(
        self, request: station_pb2.ListConnectionsRequest, call: Call
    ) -> station_pb2.ListConnectionsResponse:
        """Read a page of connections."""
        call.operator()
        views, token = call.engine.connections(
            page_size=values.require_page_size(request.page_size, call.limits),
            page_token=values.require_page_token(request.page_token),
        )
        return station_pb2.ListConnectionsResponse(
            connections=[_connection(view) for view in views],
            next_page_token=values.page_token(token),
        )


def _connection(view: ConnectionView) -> station_pb2.Connection:
    row = view.row
    expires = row.token_expires_us
    policy: Any = row.signatures
    return station_pb2.Connection(
        connection_id=str(view.connection_id),
        oms_id=str(row.oms_id),
        bin=format_bin(row.bin),
        name=row.name,
        address=row.address,
        signature_policy=policy,
        create_time=values.instant(row.created_us),
        token_expire_time=values.instant(expires) if expires else None,
        has_token=any(row.token_digest),
    )


def _policy(number: int) -> SignaturePolicy | None:
    """Return a policy, None for unspecified; refused as FIELD_INVALID for any other number."""
    try:
        return SignaturePolicy(number) if number else None
    except ValueError:
        raise Refused(
            Reason.FIELD_INVALID,
            field="signature_policy",
            rule="OPTIONAL, CHANGES or ALWAYS",
            rule_ru="OPTIONAL, CHANGES или ALWAYS",
        ) from None
