"""Orders written by plain loops over py-lmdb: what a user would write who keeps no rules.

`write_own` looks up what an order needs, makes the seven rows from it and writes them: no limits,
no states, no keys of codes, no fairness, nobody waits for a verdict. What it leaves passes the
engine's own check of a store, so the rows are the same. `write_one_by_one` and `write_merged` do
not even make rows: they repeat the look-ups and writes that an engine has done.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import time
from typing import TYPE_CHECKING

from emitter import _core
from emitter.trade import tariffs
from emitter.trade.calendar import civil_date
from emitter.trade.templates import SCHEME, TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import lmdb

    from emitter.engine.commands import CreateOrder
    from emitter.engine.keys import KeyRing

Update = tuple[list[bytes], list[tuple[bytes, bytes]]]
"""The keys that one update of a store has looked up, and the rows it has written."""

BATCH = 256
_KEY = struct.Struct(">cQ16s").pack
_U64 = struct.Struct(">Q").pack
_SERIES_KEY = struct.Struct(">cQB").pack
_RANGE_KEY = struct.Struct(">cQBQ").pack
_JOURNAL_KEY = struct.Struct(">cQQ").pack
_ACCOUNT = struct.Struct("<7qQI")
_SERIES = struct.Struct("<BBQ")
_ORDER = struct.Struct("<BBqqQ4BHHqqQQQ").pack
_ESCROW = struct.Struct("<3q").pack
_RANGE = struct.Struct("<Q16sQB").pack
_JOURNAL = struct.Struct("<qB16sQQBBqBq").pack
_REQUEST = struct.Struct("<32sBqq16s").pack


def write_one_by_one(env: lmdb.Environment, updates: list[Update]) -> None:
    """Repeat look-ups and writes, order by order, in batches."""
    for start in range(0, len(updates), BATCH):
        with env.begin(write=True) as transaction:
            for gets, puts in updates[start : start + BATCH]:
                for key in gets:
                    transaction.get(key)
                for key, row in puts:
                    transaction.put(key, row)


def write_merged(env: lmdb.Environment, updates: list[Update]) -> None:
    """Repeat look-ups and writes, update by update, with sorted bulk writes."""
    for gets, puts in updates:
        with env.begin(write=True) as transaction, transaction.cursor() as cursor:
            for key in gets:
                transaction.get(key)
            cursor.putmulti(sorted(puts))


class Terms:
    """What every order of a template has in common on one day."""

    def __init__(self, template_id: int, keys: KeyRing) -> None:
        template = TEMPLATES[template_id]
        today = civil_date(time.time_ns() // 1000)
        self.group = int(template.group)
        self.form = template.form.form
        self.serial_size = template.serial_size
        self.key_id, _ = keys.current(template.check_kind)
        self.vat_bp = tariffs.vat_bp(today)
        self.price_net_tiyn = tariffs.price_net_tiyn(template.group, today)


def write_own(env: lmdb.Environment, orders: Sequence[CreateOrder], keys: KeyRing) -> None:
    """Write orders of one line, 256 a commit."""
    terms = Terms(orders[0].lines[0].template_id, keys)
    for start in range(0, len(orders), BATCH):
        now_us = time.time_ns() // 1000
        with env.begin(write=True) as transaction:
            for order in orders[start : start + BATCH]:
                _write(transaction, order, terms, now_us)


def _write(
    transaction: lmdb.Transaction[bytes], order: CreateOrder, terms: Terms, now_us: int
) -> None:
    (line,) = order.lines
    bin_, gtin, quantity = order.bin, line.gtin, line.quantity
    get, put = transaction.get, transaction.put
    owner = _U64(bin_)
    request = b"q" + owner + b"\1" + order.request_id.encode()
    account_key = b"a" + owner
    series_key = _SERIES_KEY(b"s", gtin, terms.serial_size)
    account, series = get(account_key), get(series_key)
    known = get(b"p" + owner), get(b"g" + owner + _U64(gtin)), account
    if get(request) is not None or None in known:
        raise ValueError(order)
    available, reserved, *others, journal_count, orders_open = _ACCOUNT.unpack(account)
    form, source, first = _SERIES.unpack(series) if series else (terms.form, 1, 0)
    net = quantity * terms.price_net_tiyn
    gross = net + (net * terms.vat_bp + 5_000) // 10_000
    if gross > available:
        raise ValueError(order)
    digest = hashlib.sha256(
        json.dumps(
            [[gtin, quantity, line.template_id, line.price_tiyn]], separators=(",", ":")
        ).encode()
    ).digest()
    id_ = (now_us // 1000).to_bytes(6, "big") + b"\x70" + os.urandom(1) + b"\x80" + os.urandom(7)
    put(account_key, _ACCOUNT.pack(available - gross, reserved + gross, *others,
                                   journal_count + 1, orders_open + 1))  # fmt: skip
    put(series_key, _SERIES.pack(form, source, first + quantity))
    put(_KEY(b"o", bin_, id_),
        _ORDER(5, terms.group, now_us, 0, gtin, line.template_id, SCHEME, 2, 1, terms.key_id,
               terms.vat_bp, terms.price_net_tiyn, -1, first, quantity, 0))  # fmt: skip
    put(_KEY(b"e", bin_, id_), _ESCROW(gross, 0, 0))
    put(_RANGE_KEY(b"r", gtin, terms.serial_size, first), _RANGE(bin_, id_, quantity, form))
    put(_JOURNAL_KEY(b"j", bin_, journal_count + 1),
        _JOURNAL(now_us, _core.RESERVE, id_, 0, quantity, 2, 1, -gross, 2, gross))  # fmt: skip
    put(request, _REQUEST(digest, 0, now_us, 0, id_))
