"""What may be set: the limits of every door and queue, and where a server finds its things.

Each limit has a name, a unit, a default and a reason, so that the table in the documents and the
refusals (`Reason.LIMIT_EXCEEDED`, `Reason.OVERLOADED`) speak of the same thing. Settings come from
flags and from the environment (``EMITTER_*``), a flag winning over a variable.
"""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emitter.language import t

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_MAY_BE_NONE = {"active_orders_max", "order_life_days", "retention_days"}


class SettingsError(ValueError):
    """What was given cannot be used: an address, a certificate. The text says what is wrong."""


def _limit(default: int, unit: str, reason: str) -> int:
    """Declare one limit: its default and, for the table of limits, its unit and its reason."""
    return field(default=default, metadata={"unit": unit, "reason": reason})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit of the product; all are positive, 0 where the reason says that it means none."""

    # An order.
    lines_max: int = _limit(10, "lines an order", "what the national stations send")
    quantity_max: int = _limit(
        10_000_000, "codes a line", "the largest order of a GTIN; the stations' doors allow less"
    )
    serials_max: int = _limit(
        150_000, "serials an order", "self-made ones are kept one by one: a second of the writer"
    )
    active_orders_max: int = _limit(
        100, "orders a participant", "open orders at once; closing one makes room; 0 is no limit"
    )
    # The writer.
    queue_commands_max: int = _limit(
        20_000, "commands", "what may wait for the writer: about a second of its work"
    )
    queue_participant_commands_max: int = _limit(
        2_000, "commands a participant", "one participant's flood leaves room for the others"
    )
    batch_commands_max: int = _limit(
        256, "commands a commit", "group commit: some ten milliseconds of the writer"
    )
    batch_gather_ms: int = _limit(
        1, "milliseconds", "what a batch waits for more under load: fewer commits, a shorter tail"
    )
    job_weight_max: int = _limit(
        1_000_000, "serials", "self-made serials of orders that wait for their turn: some 100 MB"
    )
    job_participant_weight_max: int = _limit(
        400_000, "serials a participant", "one participant's large orders leave room for the others"
    )
    refusal_memory_days: int = _limit(
        30, "days", "how long the verdict of a refused request_id is kept"
    )
    order_life_days: int = _limit(
        0, "days", "after which what was not delivered of an order expires; 0 is never"
    )
    retention_days: int = _limit(
        1_827, "days", "after which details and ids of requests of ended orders go; 0 is never"
    )
    credit_tiyn_max: int = _limit(
        10**15, "tiyn", "one payment; sums of a lifetime stay far inside 64 bits"
    )
    # Texts that clients choose.
    details_bytes_max: int = _limit(
        16 << 10, "bytes an order", "what a station's order says besides its lines; kept in a row"
    )
    request_id_chars_max: int = _limit(64, "characters", "an id is a key of the store")
    block_id_chars_max: int = _limit(64, "characters", "an id is a key of the store")
    reference_chars_max: int = _limit(64, "characters", "a bank reference is a key of the store")
    name_chars_max: int = _limit(256, "characters", "a legal name, as registers keep it")
    # The wire.
    message_bytes_max: int = _limit(
        16 << 20, "bytes", "one request: the largest batch of codes to verify fits"
    )
    metadata_bytes_max: int = _limit(16 << 10, "bytes", "the headers of one call")
    page_size_default: int = _limit(100, "items", "a page when the caller names no size")
    page_size_max: int = _limit(1_000, "items", "one short read of the store")
    verify_codes_max: int = _limit(100_000, "codes a call", "a fraction of a second of one core")
    wrong_short_checks_max: int = _limit(
        100, "checks an hour", "of one participant; one guess in 2^24 passes: one in 19 years"
    )
    public_wrong_day_max: int = _limit(
        30, "checks a day", "wrong short ones of a GTIN, of the public: one passes in 1,500 years"
    )
    public_wrong_burst_max: int = _limit(
        15, "checks", "of the same, at once; then verdicts on short checks of the GTIN are withheld"
    )
    public_wrong_free_max: int = _limit(
        5, "checks", "wrong short ones of one address without a pause; a day forgets them"
    )
    public_pause_s_max: int = _limit(
        3_600, "seconds", "the pause behind a wrong one doubles from 2 s up to this"
    )
    stream_message_bytes: int = _limit(
        1 << 20, "bytes", "records of one message of a delivery: larger ones cost no less"
    )
    # Load.
    calls_max: int = _limit(
        1_000, "calls", "calls accepted at once; those without a thread wait for one"
    )
    threads_max: int = _limit(96, "threads", "calls served at once, the streams included")
    streams_max: int = _limit(
        48, "streams", "half of the threads at most, so that a unary call always finds one"
    )
    streams_participant_max: int = _limit(
        8, "streams a participant", "one participant's downloads leave room for the others"
    )
    stream_stall_ms: int = _limit(
        60_000, "milliseconds", "a client that takes no message for so long loses its stream"
    )
    stream_orders_in_flight_max: int = _limit(
        1_000, "orders a stream", "unanswered orders; beyond it the stream is read no further"
    )
    batch_orders_max: int = _limit(
        1_000, "orders a call", "a tenth of a second; two fit into a participant's queue"
    )
    report_codes_max: int = _limit(30_000, "codes a report", "what the national stations send")
    report_spans_max: int = _limit(
        1_000, "ranges a report", "ranges and blocks of any size; each reads its order"
    )
    report_transfers_max: int = _limit(
        100, "transfers a report", "transfers of any size; each reads all its runs of codes"
    )
    batch_products_max: int = _limit(
        1_000, "products a call", "a tenth of a second; two fit into a participant's queue"
    )
    # Boxes.
    aggregation_units_max: int = _limit(
        5_000, "boxes a document", "two of them write a transaction's rows"
    )
    box_codes_max: int = _limit(100_000, "codes a box", "directly; a dozen rows of the store")
    box_boxes_max: int = _limit(10_000, "boxes a box", "directly; each change reads their rows")
    box_levels_max: int = _limit(5, "levels", "boxes in boxes: package, case, pallet, and spare")
    ssccs_max: int = _limit(100_000, "SSCCs a call", "a range is one row, and the answer is short")
    unary_deadline_ms: int = _limit(
        30_000, "milliseconds", "a unary call without a deadline of its own"
    )
    # The stations' HTTP door.
    station_connections_max: int = _limit(
        1_000, "connections a station", "whoever has its registration key may open them"
    )
    station_quantity_max: int = _limit(
        150_000, "codes a line", "what stations may order of one GTIN"
    )
    station_single_quantity_max: int = _limit(
        2_000_000, "codes", "the same in v3, for an order of a single GTIN"
    )
    station_fetch_codes_max: int = _limit(150_000, "codes a fetch", "one answer of codes")
    station_token_ms: int = _limit(
        36_000_000, "milliseconds", "life of a clientToken got by a signature: ten hours"
    )
    station_challenge_ms: int = _limit(300_000, "milliseconds", "time to sign what auth/key gave")
    station_repeat_window_ms: int = _limit(
        300_000, "milliseconds", "the same signed order again within it is the same order"
    )
    station_body_bytes_max: int = _limit(
        8 << 20, "bytes", "one request: a report of 30,000 codes fits"
    )
    station_request_ms: int = _limit(
        20_000, "milliseconds", "time to send the head of a request, and then its body"
    )
    station_requests_max: int = _limit(50, "requests a second", "of one connection, on average")
    station_burst_max: int = _limit(100, "requests", "of one connection at once, after a pause")
    station_downloads_max: int = _limit(
        4, "answers", "codes on their way to one connection at once"
    )
    station_sockets_max: int = _limit(2_000, "sockets", "open at once; beyond it 503")

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if value < 0 or (value == 0 and item.name not in _MAY_BE_NONE):
                raise ValueError(f"{item.name} must be positive, not {value}")
        if self.aggregation_units_max > 8_000:
            raise ValueError("aggregation_units_max: the boxes of a document are listed in one row")
        if self.streams_max * 2 > self.threads_max:
            raise ValueError("streams_max must leave half of threads_max to unary calls")

    def table(self) -> Iterator[tuple[str, int, str, str]]:
        """Yield (name, value, unit, reason) of every limit, in the order of declaration."""
        for item in dataclasses.fields(self):
            yield (
                item.name,
                getattr(self, item.name),
                item.metadata["unit"],
                item.metadata["reason"],
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where a server listens and finds its store, its keys and its certificates.

    Without both TLS files the server speaks plain text and binds loopback addresses only.
    """

    listen: str = "127.0.0.1:7443"  # host:port; port 0 lets the system choose
    data_dir: Path = Path("emitter-data")  # the store
    keys_file: Path = Path("emitter-keys")  # check keys and the serial key, sealed by the master
    master_key_file: Path | None = None  # 64 hex digits; else the variable EMITTER_MASTER_KEY
    tls_certificate_file: Path | None = None  # PEM chain of the server
    tls_key_file: Path | None = None  # PEM private key of the server
    tls_client_ca_file: Path | None = None  # PEM authorities that callers of gRPC must be known to
    stations_listen: str = "127.0.0.1:7480"  # host:port of the stations' HTTP door, or "off"
    trust_anchors_file: Path | None = None  # PEM authorities whose certificates stations sign with
    sscc_prefix: str = ""  # the operator's GS1 company prefix for SSCCs of boxes; '' gives out none
    access_log: str = "stderr"  # a line a call: to a file, to "stderr", or "off"
    grace_s: float = 20.0  # how long calls in flight may take when the server stops

    def __post_init__(self) -> None:
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise SettingsError(
                t(
                    "--tls-certificate и --tls-key задаются вместе",
                    "--tls-certificate and --tls-key are given together",
                )
            )
        if self.tls_client_ca_file is not None and self.tls_certificate_file is None:
            raise SettingsError(
                t(
                    "для --tls-client-ca нужны --tls-certificate и --tls-key",
                    "--tls-client-ca needs --tls-certificate and --tls-key",
                )
            )
        if self.sscc_prefix and not re.fullmatch("[0-9]{4,12}", self.sscc_prefix):
            raise SettingsError(
                t("--sscc-prefix: нужно от 4 до 12 цифр", "--sscc-prefix must have 4 to 12 digits")
            )
        if not 0 <= self.grace_s <= 3600:
            raise SettingsError(
                t(
                    "EMITTER_GRACE_S: нужно число секунд от 0 до 3600",
                    "EMITTER_GRACE_S must be from 0 to 3600 seconds",
                )
            )

    @classmethod
    def read(
        cls,
        flags: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Settings:
        """Return the settings of flags, else of ``EMITTER_<NAME>`` variables, else the defaults.

        A flag that is None was not given; an empty variable counts as absent. ValueError names a
        flag that is no setting and a value that does not read.
        """
        known = {item.name for item in dataclasses.fields(cls)}
        given = {name: text for name, text in (flags or {}).items() if text is not None}
        if unknown := given.keys() - known:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        variables = os.environ if environ is None else environ
        for name in known - given.keys():
            if text := variables.get(f"EMITTER_{name.upper()}"):
                given[name] = text
        return cls(**{name: _value(name, text) for name, text in given.items()})


def _value(name: str, text: str) -> Any:
    """Return the value of one setting from its text."""
    if name in ("listen", "stations_listen", "sscc_prefix", "access_log"):
        return text
    if name == "grace_s":
        try:
            return float(text)
        except ValueError:
            raise SettingsError(
                t(
                    f"EMITTER_GRACE_S: нужно число секунд, а не {text!r}",
                    f"EMITTER_GRACE_S must be a number of seconds, not {text!r}",
                )
            ) from None
    return Path(text)
