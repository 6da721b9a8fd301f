"""A real server on a real socket for the tests of the wire, with its people already joined."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from emitter.api.calls import API_VERSION
from emitter.client import Client, OrderLine, Product, Role
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.errors import Refused
from emitter.server import Server
from emitter.store.memory import MemoryStore
from emitter.store.port import ROWS_MAX
from emitter.trade import gs1, parties
from emitter.trade.templates import TEMPLATES
from emitter.wire import refused_of_call

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.api.access_log import AccessLog
    from emitter.config import Limits
    from emitter.engine.keys import KeyRing

BIN, OTHER_BIN, NOBODY = "990140000384", "990240003471", "990140000017"
SHOES_2 = "04060477697987"
SHOES, LP, MILK, PHARMA = "04670033010053", "04640088090997", "03041094787443", "04870001234560"
OTHER_PHARMA = "04870009000051"
SHOES_TEMPLATE, LP_TEMPLATE, MILK_TEMPLATE, PHARMA_TEMPLATE = 1, 10, 20, 5
DAY = dt.date(2026, 3, 2)
FUNDS_TIYN = 10**12


def gtin_of(number: int) -> str:
    """A GTIN of Kazakhstan's prefix with a right check digit."""
    digits = f"0487{number:09d}"
    return digits + str(gs1.check_digit(digits))


STOCK = {
    BIN: (
        (SHOES, 1), (SHOES_2, 1), (LP, 10), (MILK, 20), (PHARMA, 5),
        *((gtin_of(n), 5) for n in (1, 3, 40, 41, 500)), (gtin_of(2), 3),
        (gtin_of(10), 3), (gtin_of(11), 4), (gtin_of(12), 8), (gtin_of(13), 16), (gtin_of(14), 18),
    ),
    OTHER_BIN: ((OTHER_PHARMA, 5),),
}  # fmt: skip
"""The products of the participants, each with a template of its group."""


def pharma_of(bin_: str) -> str:
    """The GTIN of a participant that has but one product."""
    return gtin_of(10**6 + int(bin_[4:11]))


def product(gtin: str, template_id: int, name: str = "Товар") -> Product:
    """A product of a template's group."""
    group = TEMPLATES[template_id].group
    return Product(gtin=gtin, product_group=group, tnved_code="6403999300", name_ru=name)


class Served:
    """An engine over a store in memory behind a server, an operator and two stations.

    At the end every invariant of the store is checked.
    """

    def __init__(
        self, keys: KeyRing, limits: Limits | None = None, access_log: AccessLog | None = None
    ) -> None:
        self.store = MemoryStore()
        self._log = access_log
        self.engine = Engine(self.store, keys, limits=limits, sscc_prefix="9521234")
        try:
            self._open()
        except BaseException:  # the engine's thread would keep the tests from ending
            self.engine.close()
            raise

    def _open(self) -> None:
        self.server = Server(self.engine, access_log=self._log)
        self.target = f"127.0.0.1:{self.server.start('127.0.0.1:0')}"
        self.operator_token = self.engine.embedded_token()
        self.operator = Client(self.target, self.operator_token)
        self.token = self.join(BIN)
        self.other_token = self.join(OTHER_BIN)
        self.client = Client(self.target, self.token)
        self.other = Client(self.target, self.other_token)
        self.channel = grpc.insecure_channel(self.target)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()
        for client in (self.operator, self.client, self.other):
            client.close()
        rows = self.dump()
        self.server.stop(5)
        copy = MemoryStore()
        for start in range(0, len(rows), ROWS_MAX):
            batch = rows[start : start + ROWS_MAX]
            copy.update(lambda writer, batch=batch: writer.put_many(batch))
        check_store(copy, whole=True)

    def join(self, bin_: str, tiyn: int = FUNDS_TIYN) -> str:
        """Register, activate, stock and credit a participant; return the token of a station."""
        self.operator.register_participant(bin_, f"ТОО {bin_}", DAY)
        self.operator.activate_participant(bin_, DAY)
        products = [product(*goods) for goods in STOCK.get(bin_, ((pharma_of(bin_), 5),))]
        assert not any(isinstance(verdict, Refused)
                       for _, verdict in self.operator.register_products(products, bin=bin_))
        self.operator.credit(bin_, tiyn, f"payment-{bin_}")
        return self.operator.issue_token(Role.ROLE_STATION, bin_, "station")

    def dump(self) -> list[tuple[bytes, bytes]]:
        """Return every row of the store."""
        return self.store.view(lambda reader: reader.scan(b"", b"\xff", limit=10**9))

    def raw(
        self, method: str, body: bytes, token: str | None = None, **metadata: str
    ) -> tuple[bytes, grpc.Call]:
        """Call a unary method by its path with any bytes; return the answer and the call."""
        return self._callable(method).with_call(body, metadata=self._headers(token, metadata))

    def refusal(
        self, method: str, body: bytes, token: str | None = None, **metadata: str
    ) -> Refused:
        """Call a unary method that must be refused; return the refusal."""
        return refusal_of(lambda: self.raw(method, body, token, **metadata))

    def raw_stream(self, method: str, body: bytes, token: str | None = None) -> Any:
        """Call a method that answers with a stream; return the call."""
        call = self.channel.unary_stream(f"/emitter.v1.{method}")
        return call(body, metadata=self._headers(token, {}))

    def ask(self, method: Any, body: bytes, headers: list[tuple[str, str]]) -> None:
        """Call any method that takes one message, whatever it answers with."""
        path = f"/{method.containing_service.full_name}/{method.name}"
        if method.server_streaming:
            list(self.channel.unary_stream(path)(body, metadata=headers))
        else:
            self.channel.unary_unary(path)(body, metadata=headers)

    def _callable(self, method: str) -> Any:
        return self.channel.unary_unary(f"/emitter.v1.{method}")

    def _headers(self, token: str | None, metadata: dict[str, str]) -> list[tuple[str, str]]:
        headers = [(name.replace("_", "-"), value) for name, value in metadata.items()]
        if "authorization" not in metadata:
            headers.append(("authorization", f"Bearer {token or self.token}"))
        return headers


def refusal_of(call: Callable[[], object]) -> Refused:
    """Return the refusal of a call; fail if it answers, or fails untyped."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return typed(caught.value)


def typed(error: Any) -> Refused:
    """Return the refusal of a failed call; fail if it is none, or if the gRPC code is not its."""
    refused = refused_of_call(error)
    assert refused is not None, error
    assert error.code().name == refused.reason.meaning.grpc
    assert dict(error.trailing_metadata())["emitter-api-version"] == API_VERSION
    return refused


def pharma(quantity: int, gtin: str = PHARMA) -> list[OrderLine]:
    """The line of an order that costs little to check: MAC tails, no price."""
    return [OrderLine(gtin=gtin, quantity=quantity, template_id=PHARMA_TEMPLATE)]


def bin_of(number: int) -> str:
    """A BIN with a right control digit."""
    for tail in range(number * 10, number * 10 + 10):
        digits = f"9901{tail:07d}"
        if (digit := parties.control_digit(digits)) is not None:
            return f"{digits}{digit}"
    raise AssertionError("ten numbers without a control digit")


def new_id() -> str:
    return str(uuid.uuid4())


def certificate() -> tuple[bytes, bytes, bytes]:
    """A new authority, the chain of a server on this machine, and the server's key; all PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain = signed.public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return chain, chain, secret


_SERVE = """
import sys
from emitter.config import Limits, Settings
from emitter.server import serve
limits = Limits(**{name: int(value) for name, value in (arg.split("=") for arg in sys.argv[1:])})
serve(Settings.read(), limits, started=lambda port: print(port, flush=True))
"""


class Process:
    """``serve`` in a process of its own, over a store and keys on disk."""

    def __init__(self, folder: Path, master: str, **limits: int) -> None:
        environment = os.environ | {
            "EMITTER_LISTEN": "127.0.0.1:0",
            "EMITTER_STATIONS_LISTEN": "127.0.0.1:0",
            "EMITTER_DATA_DIR": str(folder / "data"),
            "EMITTER_KEYS_FILE": str(folder / "keys"),
            "EMITTER_MASTER_KEY": master,
            "EMITTER_GRACE_S": "5",
            "EMITTER_ACCESS_LOG": "off",  # nobody reads what it says meanwhile
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, *[f"{name}={value}" for name, value in limits.items()]],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            line = self.process.stdout.readline()
        except BaseException:  # a test that ran out of time leaves no server behind
            self.__exit__()
            raise
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.target = f"127.0.0.1:{int(line)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def rss_bytes(self) -> int:
        """Resident memory of the process."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> str:
        """Ask it to stop, wait, and return what it wrote as errors; it must end well."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, errors
        return errors
