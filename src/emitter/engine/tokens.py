"""Bearer tokens: issued to a role, for a time or for ever, listed, and revoked.

The store keeps the SHA-256 of a token. Its id is the first eight bytes of that in hex: it names
the token to operators and in logs, and opens nothing. A token that has ended stays in the list, and
who shows it is told that it has ended, and by what.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

from emitter.engine.batch import Proposal, Unremembered
from emitter.engine.participants import Principal, Role, require_participant, token_digest
from emitter.engine.reading import read_page
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.rows import TokenRow
from emitter.store.token_rows import TokenEndRow, token_end_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.engine.commands import IssueToken, RevokeToken
    from emitter.engine.work import Work
    from emitter.store.port import Reader, Store

_ID_BYTES: Final = 8
_ID = re.compile("[0-9a-f]{16}")
_NO_END = TokenEndRow(0, 0)
_EMBEDDED = "embedded"  # stands for the id of a token that no store has


class TokenView(NamedTuple):
    """A bearer token as the operator sees it; 0 for no end and for not revoked."""

    token_id: str
    role: Role
    bin: int | None
    label: str
    created_us: int
    ends_us: int
    revoked_us: int

    def require_live(self, now_us: int) -> None:
        """Refuse a token that has ended, and say by what."""
        if self.revoked_us:
            raise Refused(Reason.TOKEN_REVOKED, token_id=self.token_id)
        if 0 < self.ends_us <= now_us:
            raise Refused(Reason.TOKEN_EXPIRED, token_id=self.token_id)


def token_id_of(digest: bytes) -> str:
    """Return the id of a token by its SHA-256."""
    return digest[:_ID_BYTES].hex()


def _view(key: bytes, row: bytes, end: bytes | None) -> TokenView:
    token = TokenRow.unpack(row)
    ends_us, revoked_us = TokenEndRow.unpack(end) if end else _NO_END
    return TokenView(
        token_id_of(key[1:]), Role(token.role), token.bin or None, token.label, token.created_us,
        ends_us, revoked_us,
    )  # fmt: skip


class _TokenStep(Unremembered):
    """What the steps of this module share: no request row, a claim on one token."""

    id_field = "token_id"
    rows_max = 2

    def __init__(self, bin_: int, key: bytes) -> None:
        self.bin = bin_
        self._key = key
        self._end_key = token_end_key(key)

    def claims(self) -> tuple[bytes, ...]:
        return (self._key,)

    def reads(self) -> tuple[bytes, ...]:
        return (self._key, self._end_key, schema.participant_key(self.bin))


class IssueTokenStep(_TokenStep):
    """Keep the hash of a new token; the text is answered once and stored nowhere."""

    def __init__(self, command: IssueToken) -> None:
        self._token = secrets.token_urlsafe(32)
        super().__init__(command.bin or 0, schema.token_key(token_digest(self._token)))
        self._command = command

    def judge(self, work: Work) -> Proposal:
        """Propose the token's row; a station's participant must be registered."""
        command = self._command
        if command.role == Role.STATION:
            require_participant(work, self.bin)
        row = TokenRow(command.role, self.bin, work.now_us, command.label)

        def settle() -> str:
            work.put(self._key, row.pack())
            if command.lifetime_us:
                end = TokenEndRow(work.now_us + command.lifetime_us, 0)
                work.put(self._end_key, end.pack())
            return self._token

        return Proposal(settle)


class RevokeTokenStep(_TokenStep):
    """End a token for ever; again is the same as once."""

    def __init__(self, command: RevokeToken, store: Store) -> None:
        super().__init__(0, _find(store, command.token_id)[0])
        self._token_id = command.token_id

    def judge(self, work: Work) -> Proposal:
        """Propose the end, unless the token has it already."""
        row, end = work.get_many((self._key, self._end_key))
        if row is None:
            raise Refused(Reason.TOKEN_NOT_FOUND, token_id=self._token_id)
        before = _view(self._key, row, end)
        revoked_us = before.revoked_us or work.now_us

        def settle() -> TokenView:
            if not before.revoked_us:
                work.put(self._end_key, TokenEndRow(before.ends_us, revoked_us).pack())
            return before._replace(revoked_us=revoked_us)

        return Proposal(settle)


def _find(store: Store, token_id: str) -> tuple[bytes, bytes, bytes | None]:
    """Return the key of a token and its rows; TOKEN_NOT_FOUND for an id that is none."""

    def find(reader: Reader) -> tuple[bytes, bytes, bytes | None] | None:
        prefix = schema.TOKENS + bytes.fromhex(token_id)
        for key, row in reader.scan(prefix, schema.after(prefix), limit=1):
            return key, row, reader.get_many((token_end_key(key),))[0]
        return None

    found = store.view(find) if _ID.fullmatch(token_id) else None
    if found is None:
        raise Refused(Reason.TOKEN_NOT_FOUND, token_id=token_id)
    return found


class Tokens:
    """A part of `Engine`: who callers are."""

    _store: Store
    _clock: Callable[[], int]
    _embedded: dict[bytes, Principal]

    def authenticate(self, token: str) -> Principal:
        """Return who a bearer token is; refused if it is unknown, revoked or expired."""
        digest = token_digest(token)
        embedded = self._embedded.get(digest)
        if embedded is not None:
            return embedded
        key = schema.token_key(digest)
        row, end = self._store.view(lambda reader: reader.get_many((key, token_end_key(key))))
        if row is None:
            raise Refused(Reason.UNAUTHENTICATED)
        view = _view(key, row, end)
        view.require_live(self._clock())
        return Principal(view.role, view.bin, view.token_id, view.ends_us)

    def embedded_token(self) -> str:
        """Return an operator's token that is known to this process only and dies with it."""
        token = secrets.token_urlsafe(32)
        self._embedded[token_digest(token)] = Principal(Role.OPERATOR, None, _EMBEDDED)
        return token

    def require_live(self, principal: Principal) -> None:
        """Refuse a caller, let in before, whose token has ended since."""
        if principal.token_id != _EMBEDDED:
            self.token(principal.token_id).require_live(self._clock())

    def token(self, token_id: str) -> TokenView:
        """Return a token by its id; raises `Refused`."""
        return _view(*_find(self._store, token_id))

    def tokens(self, *, page_size: int, page_token: bytes = b"") -> tuple[list[TokenView], bytes]:
        """Return a page of all tokens in the order of their ids, and the token of the next page."""

        def read(reader: Reader) -> tuple[list[TokenView], bytes]:
            rows, after = read_page(reader, schema.TOKENS, page_size, page_token)
            ends = reader.get_many([token_end_key(key) for key, _ in rows])
            return [_view(*row, end) for row, end in zip(rows, ends, strict=True)], after

        return self._store.view(read)
