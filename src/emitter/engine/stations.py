"""Order stations: their connections, and the clientToken by which a station's calls are known.

A station (omsId) belongs to one participant and may have several connections. A connection has at
most one live token: a new one ends the old in the same step. Tokens and registration keys are
stored as SHA-256 only.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid4

from emitter.engine.batch import Proposal, Unremembered
from emitter.engine.commands import IssueClientToken, OpenConnection, RegisterStation
from emitter.engine.participants import require_participant, token_digest
from emitter.engine.reading import read_page
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.rows import ConnectionRow, SignaturePolicy, StationRow

if TYPE_CHECKING:
    from emitter.config import Limits
    from emitter.engine.batch import Step
    from emitter.engine.work import Work
    from emitter.store.port import Reader, Store

_NO_TOKEN = bytes(32)


class Session(NamedTuple):
    """Whose a live clientToken is."""

    bin: int
    oms_id: UUID
    connection_id: UUID
    signatures: SignaturePolicy


class NewStation(NamedTuple):
    """A station that was registered; the key is shown this once."""

    oms_id: UUID
    registration_key: str


class StationView(NamedTuple):
    """A station as the operator sees it."""

    oms_id: UUID
    row: StationRow

    def accepts_key(self, registration_key: str) -> bool:
        """Whether this is the station's registration key; takes the same time for any text."""
        return hmac.compare_digest(self.row.key_digest, token_digest(registration_key))


class ConnectionView(NamedTuple):
    """A connection of a station."""

    connection_id: UUID
    row: ConnectionRow


class _StationStep(Unremembered):
    """What the steps of this module share: no memory of requests, a claim on one row."""

    id_field = "oms_id"
    rows_max = 3

    def __init__(self, bin_: int, key: bytes) -> None:
        self.bin = bin_
        self._key = key

    def claims(self) -> tuple[bytes, ...]:
        return (self._key,)

    def reads(self) -> tuple[bytes, ...]:
        return (self._key, schema.participant_key(self.bin))


class RegisterStationStep(_StationStep):
    """Give a participant a station under a new omsId."""

    def __init__(self, command: RegisterStation, oms_id: UUID, registration_key: str) -> None:
        super().__init__(command.bin, schema.station_key(oms_id))
        self._command = command
        self._new = NewStation(oms_id, registration_key)

    def judge(self, work: Work) -> Proposal:
        """Propose the station's row; its participant must be registered."""
        require_participant(work, self.bin)
        row = StationRow(
            self.bin,
            work.now_us,
            self._command.signatures,
            token_digest(self._new.registration_key),
            self._command.name,
        )

        def settle() -> NewStation:
            work.put(self._key, row.pack())
            return self._new

        return Proposal(settle)


class OpenConnectionStep(_StationStep):
    """Open a connection of a station; it has no token yet. The same id again finds it."""

    def __init__(self, command: OpenConnection, connection_id: UUID, most: int) -> None:
        super().__init__(command.bin, schema.connection_key(connection_id))
        self._command = command
        self._id = connection_id
        self._most = most
        self._count_key = schema.connections_key(command.oms_id)

    def claims(self) -> tuple[bytes, ...]:
        """Return the connection and the count of its station."""
        return (self._key, self._count_key)

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that opening is judged by."""
        return (*super().reads(), schema.station_key(self._command.oms_id), self._count_key)

    def judge(self, work: Work) -> Proposal:
        """Propose the connection's row; another participant's station is not found."""
        command = self._command
        packed = work.get(schema.station_key(command.oms_id))
        station = None if packed is None else StationRow.unpack(packed)
        if station is None or station.bin != self.bin:
            raise Refused(Reason.STATION_NOT_FOUND, oms_id=command.oms_id)
        made = work.get(self._key)
        if made is not None:
            return self._again(ConnectionRow.unpack(made))
        count = int.from_bytes(work.get(self._count_key) or b"", "big")
        if count >= self._most:
            raise Refused(Reason.LIMIT_EXCEEDED, field="connections", limit=self._most)
        policy = station.signatures if command.signatures is None else command.signatures
        row = ConnectionRow(
            command.oms_id, self.bin, work.now_us, policy, _NO_TOKEN, 0,
            command.name, command.address,
        )  # fmt: skip

        def settle() -> ConnectionView:
            work.put(self._key, row.pack())
            work.put(self._count_key, (count + 1).to_bytes(4, "big"))
            return ConnectionView(self._id, row)

        return Proposal(settle)

    def _again(self, row: ConnectionRow) -> Proposal:
        """Propose nothing: the connection is there, if it is this station's."""
        if (row.bin, row.oms_id) != (self.bin, self._command.oms_id):
            raise Refused(Reason.CONNECTION_NOT_FOUND, connection_id=self._id)
        return Proposal(lambda: ConnectionView(self._id, row))


class IssueClientTokenStep(_StationStep):
    """Keep the hash of a connection's new token and end the one before it."""

    def __init__(self, command: IssueClientToken, token: str) -> None:
        super().__init__(command.bin, schema.connection_key(command.connection_id))
        self._command = command
        self._token = token

    def judge(self, work: Work) -> Proposal:
        """Propose the token; another participant's connection is not found."""
        packed = work.get(self._key)
        before = None if packed is None else ConnectionRow.unpack(packed)
        if before is None or before.bin != self.bin:
            raise Refused(Reason.CONNECTION_NOT_FOUND, connection_id=self._command.connection_id)
        digest = token_digest(self._token)
        lifetime_us = self._command.lifetime_us
        after = before._replace(
            token_digest=digest, token_expires_us=work.now_us + lifetime_us if lifetime_us else 0
        )

        def settle() -> str:
            if before.token_digest != _NO_TOKEN:
                work.delete(schema.client_token_key(before.token_digest))
            work.put(schema.client_token_key(digest), self._command.connection_id.bytes)
            work.put(self._key, after.pack())
            return self._token

        return Proposal(settle)


def station_step(
    command: RegisterStation | OpenConnection | IssueClientToken, limits: Limits
) -> Step:
    """Make a command ready for its transaction: ids and secrets are drawn here."""
    match command:
        case RegisterStation():
            return RegisterStationStep(command, uuid4(), secrets.token_urlsafe(24))
        case OpenConnection():
            connection_id = command.connection_id or uuid4()
            return OpenConnectionStep(command, connection_id, limits.station_connections_max)
        case IssueClientToken():
            return IssueClientTokenStep(command, str(uuid4()))  # stations expect a UUID's form


def read_session(store: Store, token: str, now_us: int) -> Session:
    """Return whose a clientToken is; UNAUTHENTICATED for one that is unknown, ended or expired."""
    digest = token_digest(token)

    def read(reader: Reader) -> tuple[UUID, ConnectionRow] | None:
        connection = reader.get_many((schema.client_token_key(digest),))[0]
        if connection is None:
            return None
        connection_id = UUID(bytes=connection)
        row = reader.get_many((schema.connection_key(connection_id),))[0]
        return (connection_id, ConnectionRow.unpack(row)) if row is not None else None

    found = store.view(read)
    if found is None:
        raise Refused(Reason.UNAUTHENTICATED)
    connection_id, row = found
    if row.token_digest != digest or 0 < row.token_expires_us <= now_us:
        raise Refused(Reason.UNAUTHENTICATED)
    return Session(row.bin, row.oms_id, connection_id, SignaturePolicy(row.signatures))


def read_station(store: Store, oms_id: UUID) -> StationView:
    """Return a station, or refuse."""
    row = store.view(lambda reader: reader.get_many((schema.station_key(oms_id),)))[0]
    if row is None:
        raise Refused(Reason.STATION_NOT_FOUND, oms_id=oms_id)
    return StationView(oms_id, StationRow.unpack(row))


def read_connection(store: Store, connection_id: UUID) -> ConnectionView:
    """Return a connection, or refuse."""
    row = store.view(lambda reader: reader.get_many((schema.connection_key(connection_id),)))[0]
    if row is None:
        raise Refused(Reason.CONNECTION_NOT_FOUND, connection_id=connection_id)
    return ConnectionView(connection_id, ConnectionRow.unpack(row))


def read_connections(
    store: Store, *, page_size: int, page_token: bytes
) -> tuple[list[ConnectionView], bytes]:
    """Return up to ``page_size`` connections in order of their ids, and the next token or b''."""
    rows, token = store.view(lambda r: read_page(r, schema.CONNECTIONS, page_size, page_token))
    views = [ConnectionView(schema.uuid_of(key), ConnectionRow.unpack(row)) for key, row in rows]
    return views, token
