"""The engine: every use case of the product behind one object, on one store and one key ring."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from uuid import UUID

from emitter.config import Limits
from emitter.engine import reading
from emitter.engine.box_commands import AggregateCodes, AllocateSsccs, DisaggregateBoxes
from emitter.engine.boxes import Boxes
from emitter.engine.circulation import Circulation
from emitter.engine.closing import CloseOrderStep, ExpireOrderStep
from emitter.engine.code_sets import name_codes
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    ExpireOrder,
    IssueClientToken,
    IssueToken,
    OpenConnection,
    RegisterParticipant,
    RegisterProduct,
    RegisterStation,
    ReportCodes,
    RevokeToken,
    require_text,
)
from emitter.engine.delivery import DeliverBlockStep, make_records
from emitter.engine.guesses import Guesses
from emitter.engine.jobs import Jobs
from emitter.engine.keeping import Keeping
from emitter.engine.large_reports import LARGE_ROWS, LargeReport
from emitter.engine.orders import CreateOrderStep
from emitter.engine.participants import ActivateStep, CreditStep, RegisterStep
from emitter.engine.products import RegisterProductStep
from emitter.engine.public import check_code
from emitter.engine.ranges import Ranges
from emitter.engine.reports import ReportStep
from emitter.engine.self_made import SelfMadeOrder, sweep_order
from emitter.engine.staged_rows import sweep_staged_rows
from emitter.engine.stations import (
    read_connection,
    read_connections,
    read_session,
    read_station,
    station_step,
)
from emitter.engine.store_watch import StoreWatch
from emitter.engine.tokens import IssueTokenStep, RevokeTokenStep, Tokens
from emitter.engine.transfer_commands import (
    AcceptTransfer,
    RecallTransfer,
    RejectTransfer,
    ShipCodes,
)
from emitter.engine.transfers import transfer_step
from emitter.engine.upgrading import OLDEST, upgrade
from emitter.engine.verification import verify_codes
from emitter.engine.writer import Writer
from emitter.store import schema
from emitter.store.job_rows import JobKind
from emitter.store.rows import FORMAT_VERSION, Meta
from emitter.store.scanning import scan_view
from emitter.trade.circulation import MOVES
from emitter.trade.packing import SsccSpace

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.engine.batch import Answer, Step
    from emitter.engine.code_sets import CodeSet, NamedCodes
    from emitter.engine.commands import Command
    from emitter.engine.delivery import BlockView
    from emitter.engine.jobs import Sweep
    from emitter.engine.keys import KeyInfo, KeyRing
    from emitter.engine.orders import OrderView
    from emitter.engine.participants import AccountView, Principal
    from emitter.engine.promise import Promise
    from emitter.engine.public import PublicCheck
    from emitter.engine.reading import JournalEntry
    from emitter.engine.stations import ConnectionView, Session, StationView
    from emitter.engine.verification import VerifiedCodes
    from emitter.store.port import Store
    from emitter.store.port import Writer as StoreWriter


_VERSION_BITS = 0x7 << 76 | 0x2 << 62  # version and variant
_CHANCE_BITS = (1 << 80) - 1 & ~(0xF << 76 | 0x3 << 62)


class StoreMismatchError(ValueError):
    """The store was made with another serial key, or in a format this version does not read."""


_SWEEPS: dict[int, Sweep] = {JobKind.ORDER: sweep_order, JobKind.REPORT: sweep_staged_rows}


def system_clock() -> int:
    """Return the time in microseconds UTC."""
    return time.time_ns() // 1000


def new_order_id() -> UUID:
    """Return a UUID of version 7 (RFC 9562): orders sort by the time of their making."""
    stamp = (time.time_ns() // 1_000_000) & (1 << 48) - 1
    chance = int.from_bytes(os.urandom(10), "big") & _CHANCE_BITS
    return UUID(int=stamp << 80 | chance | _VERSION_BITS)


class Engine(Circulation, Keeping, Tokens):
    """Emission, delivery, money and checking over a store.

    ``clock`` and ``new_id`` are parameters so that a simulation can own time and chance. With
    ``threaded`` false no thread is started and `execute` carries each command out by itself.
    ``sscc_prefix`` is the operator's GS1 company prefix, '' for none: then SSCCs are not given out.
    """

    def __init__(
        self,
        store: Store,
        keys: KeyRing,
        *,
        clock: Callable[[], int] = system_clock,
        new_id: Callable[[], UUID] = new_order_id,
        limits: Limits | None = None,
        threaded: bool = True,
        sscc_prefix: str = "",
    ) -> None:
        self.limits = limits or Limits()
        self.keys = keys
        self.guesses = Guesses(self.limits)
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._threaded = threaded
        self._embedded: dict[bytes, Principal] = {}
        _claim(store, keys.fingerprint(), keys.infos(), clock())
        upgrade(store)
        self._ranges = Ranges(store)
        space = SsccSpace(sscc_prefix) if sscc_prefix else None
        self.boxes = Boxes(store, self._ranges, keys, self.limits, space)
        self.store_watch = StoreWatch(store)
        self._writer = Writer(
            store,
            clock,
            self.limits,
            published=self._ranges.publish,
            doubted=self._ranges.doubt,
            failed=self.store_watch.doubt,
            threaded=threaded,
        )
        self._jobs = Jobs(store, self._writer, self.limits, _SWEEPS, threaded=threaded)
        if threaded:
            self._jobs.start()

    # Changing -------------------------------------------------------------------------------------

    def submit(self, command: Command) -> Promise:
        """Queue a command; the promise gets its `Answer`, or `Refused`, once it is durable.

        Raises `Refused` at once for a wrong form and when the queues are full.
        """
        command.check(self.limits)
        if isinstance(command, CreateOrder) and command.is_self_made:
            limit = self.limits.active_orders_max
            return self._jobs.run(SelfMadeOrder(command, self._new_id(), self.keys, limit))
        step = self._step(command)
        if isinstance(step, ReportStep) and step.may_be_job and step.rows_max > LARGE_ROWS:
            return self._jobs.run(LargeReport(step, self._store, self.limits))
        return self._writer.submit(step)

    def execute(self, command: Command) -> Answer:
        """Carry out a command and return its answer; raises `Refused`."""
        promise = self.submit(command)
        if not self._threaded:
            self.work_off()
        return promise.result()

    def work_off(self) -> None:
        """Carry out everything that is queued, in this thread (not for a threaded engine)."""
        while self._writer.run_once():
            pass

    def _step(self, command: Command) -> Step:  # noqa: C901, PLR0912 - a case a command
        """Make a command ready for its transaction: ids and secrets are drawn here."""
        step: Step
        match command:
            case CreateOrder():
                limit = self.limits.active_orders_max
                step = CreateOrderStep(command, self._new_id(), self.keys, limit)
            case DeliverBlock():
                step = DeliverBlockStep(command)
            case CloseOrder():
                step = CloseOrderStep(command)
            case ExpireOrder():
                step = ExpireOrderStep(command)
            case CreditAccount():
                step = CreditStep(command)
            case RegisterParticipant():
                step = RegisterStep(command)
            case ActivateParticipant():
                step = ActivateStep(command)
            case RegisterProduct():
                step = RegisterProductStep(command)
            case IssueToken():
                step = IssueTokenStep(command)
            case RevokeToken():
                step = RevokeTokenStep(command, self._store)
            case ReportCodes():
                move = MOVES[command.kind]
                sources = (command.bin, self._store, self._ranges, self.keys)
                named = name_codes(command.codes, *sources, whole=move.breaks_box)
                step = ReportStep(command, self._new_id(), named, move)
            case AggregateCodes() | DisaggregateBoxes() | AllocateSsccs():
                step = self.boxes.step(command, self._new_id)
            case ShipCodes() | AcceptTransfer() | RejectTransfer() | RecallTransfer():
                step = transfer_step(command, self._new_id(), self._store, self._name(command.bin))
            case RegisterStation() | OpenConnection() | IssueClientToken():
                step = station_step(command, self.limits)
        return step

    def _name(self, bin_: int) -> Callable[[CodeSet, tuple[int, ...] | None], NamedCodes]:
        """Return what finds the codes that sets of a participant name."""
        sources = (bin_, self._store, self._ranges, self.keys)
        return lambda codes, boxes: name_codes(codes, *sources, whole=boxes is None, among=boxes)

    def resume_jobs(self) -> int:
        """Take up jobs that a crash or bad weather has left (see `jobs`); return how many.

        A threaded engine does so by itself; otherwise `work_off` carries their steps out.
        """
        return self._jobs.resume()

    # Reading --------------------------------------------------------------------------------------

    def account(self, bin_: int) -> AccountView:
        """Return a participant with its account; raises `Refused`."""
        return reading.read_account(self._store, bin_)

    def journal(self, bin_: int, *, page_size: int, after: int = 0) -> list[JournalEntry]:
        """Return journal transactions with a sequence above ``after``, oldest first."""
        return reading.read_journal(self._store, bin_, page_size=page_size, after=after)

    def order(self, bin_: int, order_id: UUID) -> OrderView:
        """Return an order of the participant; raises `Refused`."""
        return reading.read_order(self._store, bin_, order_id)

    def orders(
        self, bin_: int, *, page_size: int, page_token: bytes = b""
    ) -> tuple[list[OrderView], bytes]:
        """Return a page of orders, newest first, and the next page's token (b'' at the end)."""
        return reading.read_orders(self._store, bin_, page_size=page_size, page_token=page_token)

    def blocks(
        self, bin_: int, order_id: UUID, gtin: int, *, page_size: int, page_token: bytes = b""
    ) -> tuple[list[BlockView], bytes]:
        """Return a page of a buffer's blocks in the order of delivery, and the next token."""
        return reading.read_blocks(
            self._store, bin_, order_id, gtin, page_size=page_size, page_token=page_token
        )

    def block(self, bin_: int, order_id: UUID, gtin: int, block_id: str) -> BlockView:
        """Return the block of a buffer that was delivered under an id; raises `Refused`."""
        require_text(block_id, "block_id", self.limits.block_id_chars_max)
        return reading.read_block(self._store, bin_, order_id, gtin, block_id)

    def block_from(self, bin_: int, order_id: UUID, gtin: int, first: int) -> BlockView | None:
        """Return the block of a buffer that starts at an index, None if none; raises `Refused`."""
        return reading.read_block_from(self._store, bin_, order_id, gtin, first)

    def find_block(self, bin_: int, block_id: str) -> BlockView:
        """Return the block of an id that was made for stations; raises `Refused`."""
        return reading.find_block(self._store, bin_, block_id)

    def details(self, bin_: int, order_id: UUID) -> str:
        """Return what came with an order besides its lines, as JSON; raises `Refused`."""
        return reading.read_details(self._store, bin_, order_id)

    def session(self, client_token: str) -> Session:
        """Return whose a station's clientToken is; raises `Refused`."""
        return read_session(self._store, client_token, self._clock())

    def station(self, oms_id: UUID) -> StationView:
        """Return an order station; raises `Refused`."""
        return read_station(self._store, oms_id)

    def connection(self, connection_id: UUID) -> ConnectionView:
        """Return a connection of a station; raises `Refused`."""
        return read_connection(self._store, connection_id)

    def connections(
        self, *, page_size: int, page_token: bytes = b""
    ) -> tuple[list[ConnectionView], bytes]:
        """Return a page of all stations' connections and the token of the next page."""
        return read_connections(self._store, page_size=page_size, page_token=page_token)

    def records(self, block: BlockView, first: int, count: int, head: bytes = b"") -> bytes:
        """Return ``head`` and codes [first, first + count) of a delivered block, fixed width."""
        return make_records(block, self._store, self.keys, first, count, head)

    def verify(self, text: bytes) -> VerifiedCodes:
        """Check codes separated by LF; one verdict each, in order."""
        return verify_codes(text, self._store, self._ranges, self.keys)

    def check_code(self, text: bytes, caller: str) -> PublicCheck:
        """Check one code for anybody, known by an address; raises `Refused` (CHECKS_SLOWED)."""
        return check_code(
            text, caller, self.guesses, self._ranges, verify=self.verify, product=self.product
        )

    def reload_keys(self) -> None:
        """Take over keys that were added to the file, or made current there (see `KeyRing.reload`).

        The store remembers new ones before a code is made with them. `KeysError`,
        `StoreMismatchError`, `StoreError` and `OSError` keep the old ones.
        """
        serial, now_us = self.keys.fingerprint(), self._clock()
        self.keys.reload(lambda infos: _claim(self._store, serial, infos, now_us))

    def close(self) -> None:
        """Carry out what is queued, then close the store; a job that runs is discarded later."""
        self.store_watch.stop()
        self._jobs.close()
        self._writer.close()
        self._store.close()


def _claim(store: Store, serial: bytes, infos: list[KeyInfo], now_us: int) -> None:
    """Mark a new store with its keys; refuse a store of other keys or a format not known.

    Every check key that the store has ever been opened with must be in the ring, unchanged: an old
    copy of the key file would give an id to a second key.
    """
    ours = {schema.check_key_key(info.key_id): info.fingerprint for info in infos}

    def claim(writer: StoreWriter) -> None:
        packed = writer.get_many((schema.META_KEY,))[0]
        meta = Meta(FORMAT_VERSION, now_us, serial)
        if packed is not None:
            meta = Meta.unpack(packed)
        if not OLDEST <= meta.format_version <= FORMAT_VERSION:
            raise StoreMismatchError(f"the store has format {meta.format_version}")
        if meta.serial_fingerprint != serial:
            raise StoreMismatchError("the store was made with another serial key")
        for key, fingerprint in scan_view(writer, schema.CHECK_KEYS):
            if ours.get(key) != fingerprint:
                raise StoreMismatchError(f"check key {key[1:].hex().upper()} is missing or another")
        writer.put_many([(schema.META_KEY, meta.pack()), *ours.items()])

    store.update(claim)
