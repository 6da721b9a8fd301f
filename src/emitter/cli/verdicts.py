"""Verdicts on the codes of a file, counted: those of a server, and those of public keys alone."""

from __future__ import annotations

import functools
import os
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from emitter.cli.scans import CodeVerdict
from emitter.errors import Reason, Refusal
from emitter.language import language, t
from emitter.trade.offline import OfflineVerdict, check_offline
from emitter.trade.states import CodeState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from emitter.cli.scans import CodeVerdict as Row
    from emitter.client import Client
    from emitter.trade.offline import OfflineVerdicts

    Write = Callable[[Iterable[Row]], None] | None
    Advance = Callable[[int], None]

_Answer = TypeVar("_Answer")
_CALLS = 2  # to the server at once: one is checked while the next is on its way
_PIECE = 2_000  # codes checked offline at once, a tenth of a second of one core

_NAMES = np.array(["GENUINE", *map(str, range(1, 256))], object)
for _reason in Reason:
    if 0 < _reason < len(_NAMES):
        _NAMES[_reason] = _reason.name.removeprefix("CODE_")

_OFFLINE_WORDS = {
    OfflineVerdict.FORGED: t("Подпись не подлинная", "The signature is not genuine"),
    OfflineVerdict.KEY_UNKNOWN: t(
        "Ключа, названного в AI 91, в файле нет", "The file lacks the key that AI 91 names"
    ),
    OfflineVerdict.NEEDS_SERVER: t(
        "Без сервера не проверяется: хвост не 88 символов",
        "Only a server can check it: the tail has not 88 characters",
    ),
    OfflineVerdict.UNREADABLE: t(
        "Текст не является кодом маркировки", "The text is not a marking code"
    ),
}


@dataclass(slots=True)
class Verdicts:
    """What was found out about a file of codes: counts, and the first bad codes."""

    codes: int = 0
    genuine: int = 0
    reasons: Counter[Reason | OfflineVerdict] = field(default_factory=Counter)
    states: Counter[CodeState] = field(default_factory=Counter)
    bad: list[tuple[int, Reason | OfflineVerdict, str]] = field(default_factory=list)

    def plain(self) -> dict[str, object]:
        """Return them as JSON's own types."""
        return {
            "codes": self.codes,
            "genuine": self.genuine,
            "reasons": {reason.name: count for reason, count in self.reasons.items()},
            "states": {state.name: count for state, count in self.states.items()},
            "bad": [
                {"line": line, "reason": reason.name, "identity": identity}
                for line, reason, identity in self.bad
            ],
        }

    def add(
        self,
        verdicts: NDArray[np.uint8],
        kind: type[Reason | OfflineVerdict],
        genuine: int,
        bad_max: int,
        read: OfflineVerdicts,
    ) -> None:
        """Count the verdicts of a batch."""
        for value, count in _counts(verdicts):
            if value == genuine:
                self.genuine += count
            else:
                self.reasons[kind(value)] += count
        bad = np.flatnonzero(verdicts != genuine)[: bad_max - len(self.bad)]
        for index in bad.tolist():
            line = self.codes + index + 1
            self.bad.append((line, kind(int(verdicts[index])), shown(read.identity(index))))
        self.codes += len(verdicts)


def words_of(reason: Reason | OfflineVerdict) -> str:
    """Return a reason as people read it."""
    if isinstance(reason, OfflineVerdict):
        return _OFFLINE_WORDS[reason]
    return Refusal(reason).sentence(language())


def shown(identity: bytes) -> str:
    """Return GTIN and serial of an identification code apart, '' for none."""
    text = identity.decode("latin-1")
    if len(text) == 21:
        return f"{text[:14]} {text[14:]}"
    return f"{text[2:16]} {text[18:]}" if text else ""


def identity(code: bytes) -> str:
    """Return GTIN and serial of a code and nothing of its check, '' where there are none."""
    found = check_offline(code.replace(b"\n", b" "), {})
    return shown(found.identity(0)) if len(found.parsed) else ""


def verify_lines(
    client: Client,
    batches: Iterable[list[bytes]],
    bad_max: int = 10,
    advance: Advance = lambda _: None,
    write: Write = None,
) -> Verdicts:
    """Check batches of codes through the server."""
    verdicts = Verdicts()
    for batch, columns in _answered(client.verify, batches, _CALLS):
        for value, count in _counts(columns.states):
            if value:
                verdicts.states[CodeState(value)] += count
        first = verdicts.codes + 1
        has_bad = bool(columns.reasons.any())
        read = check_offline(b"\n".join(batch) + b"\n" if write or has_bad else b"", {})
        verdicts.add(columns.reasons, Reason, Reason.OK, bad_max, read)
        if write:
            states = np.array(["", *(state.name for state in CodeState)], object)
            owners = np.array([*(issued.owner_bin for issued in columns.buffers), ""], object)
            write(
                map(
                    CodeVerdict,
                    range(first, first + len(batch)),
                    _NAMES[columns.reasons].tolist(),
                    states[columns.states].tolist(),
                    _identities(read),
                    owners[columns.buffer_index].tolist(),
                )
            )
        advance(len(batch))
    return verdicts


def offline_verdicts(
    keys: Mapping[int, bytes],
    batches: Iterable[list[bytes]],
    bad_max: int = 10,
    advance: Advance = lambda _: None,
    write: Write = None,
) -> Verdicts:
    """Check batches of codes with public keys by key id."""
    verdicts = Verdicts()
    names = ["", *(verdict.name for verdict in OfflineVerdict)]
    pieces = (batch[at : at + _PIECE] for batch in batches for at in range(0, len(batch), _PIECE))
    check = functools.partial(_check_offline, keys)
    for batch, found in _answered(check, pieces, os.cpu_count() or 1):
        first = verdicts.codes + 1
        verdicts.add(found.verdicts, OfflineVerdict, OfflineVerdict.GENUINE, bad_max, found)
        if write:
            rows = zip(found.verdicts.tolist(), _identities(found), strict=True)
            write(
                CodeVerdict(line, names[verdict], "", identity, "")
                for line, (verdict, identity) in enumerate(rows, first)
            )
        advance(len(batch))
    return verdicts


def _counts(column: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    values, counts = np.unique(column, return_counts=True)
    return zip(values.tolist(), counts.tolist(), strict=True)


def _check_offline(keys: Mapping[int, bytes], batch: list[bytes]) -> OfflineVerdicts:
    return check_offline(b"\n".join(batch) + b"\n", keys)


def _answered(
    ask: Callable[[list[bytes]], _Answer], batches: Iterable[list[bytes]], threads: int
) -> Iterator[tuple[list[bytes], _Answer]]:
    """Yield each batch with its answer; as many threads ask ahead, and no more is read."""
    waiting: deque[tuple[list[bytes], Future[_Answer]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for batch in batches:
            waiting.append((batch, pool.submit(ask, batch)))
            if len(waiting) > threads:
                done, answer = waiting.popleft()
                yield done, answer.result()
        for done, answer in waiting:
            yield done, answer.result()


def _identities(read: OfflineVerdicts) -> Iterator[str]:
    """Yield the identification codes of texts."""
    starts = read.parsed["start"]
    ends = starts + read.parsed["serial_at"] + read.parsed["serial_size"]
    texts = [text.decode("latin-1") for text in read.texts]
    for source, start, end in zip(
        read.source.tolist(), starts.tolist(), ends.tolist(), strict=True
    ):
        yield texts[source][start:end]
