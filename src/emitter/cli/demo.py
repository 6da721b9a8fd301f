"""``emitter demo``: a whole life of codes on a fresh store, with a real server and its figures."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emitter.cli.access import FOLDER, Access
from emitter.cli.codes import write_codes
from emitter.cli.demo_report import Burst, Circulation, Story, print_report, summary
from emitter.cli.scans import code_batches
from emitter.cli.terminal import progress
from emitter.cli.verdicts import verify_lines
from emitter.cli.words import Command
from emitter.client import (
    BoxKind,
    Client,
    Codes,
    CodeSpan,
    CodeState,
    IntroductionWay,
    LabelForm,
    OrderLine,
    PackUnit,
    Product,
    ProductGroup,
    Refused,
    Role,
)
from emitter.engine.invariants import BreachError, check_store
from emitter.engine.keys import KeyRing, create_master
from emitter.labels.symbols import write_symbols
from emitter.language import t
from emitter.store.lmdb_engine import open_lmdb
from emitter.trade.calendar import civil_date
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.client import Order
    from emitter.engine.invariants import Report

_PARTICIPANT = ("990140000384", "ТОО «Демо-Обувь»")
_BUSY_PARTICIPANT = ("990240003471", "ТОО «Много заявок»")
_CREDIT_TIYN = 10_000_000_00
_SHOES = OrderLine(gtin="04670033010053", quantity=100_000, template_id=1)
_CLOTHES = OrderLine(gtin="04640088090997", quantity=1_000_000, template_id=10)
_SMALL = OrderLine(gtin="03041094787443", quantity=10, template_id=20)
_SMALL_ORDERS = 20_000
_SYMBOLS_AN_ORDER = 4
_START_S = 30
_STOP_S = 30
_LABELS = 80
_BOXED = 20
_PRODUCTS = ("Ботинки зимние «Қыс», р. 43", "Футболка хлопковая, белая, р. L")
_OUTPUTS = (
    "codes.csv", "labels.pdf", "labels.zpl", "public-keys.json", "summary.json", "symbols",
)  # fmt: skip


@click.command(
    cls=Command,
    help=t(
        "Показать всё на деле. Новое хранилище, настоящий сервер: участник, деньги, заявки, "
        "выгрузка, проверка, символы, ввод в оборот, продажа короба.\n\n"
        "В папке остаются codes.csv, symbols/, labels.pdf, labels.zpl, public-keys.json и "
        "summary.json.",
        "Show everything at work. A fresh store, a real server: participant, money, orders, "
        "delivery, checking, symbols, introduction into circulation, a box sold.\n\n"
        "The folder keeps codes.csv, symbols/, labels.pdf, labels.zpl, public-keys.json and "
        "summary.json.",
    ),
    examples=("emitter demo", "emitter demo --scale 0.01 --out /tmp/demo"),
)
@click.option("--out", type=FOLDER, default=Path("demo-out"), metavar="DIR",
              help=t("Папка (обычно demo-out).", "Folder (by default demo-out)."))  # fmt: skip
@click.option("--scale", type=click.FloatRange(0.0001, 9), default=1.0, metavar="X",
              help=t("Доля от 1 100 000 кодов (обычно 1).",
                     "Share of 1,100,000 codes (by default 1)."))  # fmt: skip
def demo(out: Path, scale: float) -> None:
    """Run the demo."""
    out.mkdir(parents=True, exist_ok=True)
    for name in _OUTPUTS:
        if (out / name).is_dir():
            shutil.rmtree(out / name)
        (out / name).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".store-") as folder:
        home = _make_home(Path(folder))
        public_keys = home.keys.public_keys()
        with _serving(home) as target:
            tokens = _join_all(target, home)
            story = _tell_story(target, tokens, out, scale)
            burst = _burst(target, home, tokens[1], max(200, round(_SMALL_ORDERS * scale)))
            report = _check(home)
    (out / "public-keys.json").write_text(json.dumps(public_keys, indent=2) + "\n", "ascii")
    (out / "summary.json").write_text(json.dumps(summary(story, burst), indent=2) + "\n", "ascii")
    print_report(story, burst, report, out, _OUTPUTS)


@dataclass(frozen=True, slots=True)
class _Home:
    """A fresh store: where it lies, its keys, and the operator's token."""

    folder: Path
    keys: KeyRing
    operator_token: str

    @property
    def data(self) -> Path:
        return self.folder / "data"


def _make_home(folder: Path) -> _Home:
    """Make keys and the first operator's token, as an operator does before any server runs."""
    master_file, keys_file = folder / "master.key", folder / "keys"
    keys = KeyRing.create(keys_file, create_master(master_file))
    access = Access(None, None, None, None, folder / "data", keys_file, master_file)
    with access.client() as client:
        token = client.issue_token(Role.ROLE_OPERATOR, label="demo")
    return _Home(folder, keys, token)


@contextlib.contextmanager
def _serving(home: _Home) -> Iterator[str]:
    """Run ``emitter serve`` on the store, lend its address, and stop it as service managers do."""
    flags = {
        "--listen": "127.0.0.1:0",
        "--stations-listen": "off",
        "--data": home.data,
        "--keys": home.folder / "keys",
        "--master-key-file": home.folder / "master.key",
        "--limit": "active_orders_max=0",
        "--sscc-prefix": "9521234",  # of those that GS1 keeps for examples
    }
    command = [sys.executable, "-m", "emitter.cli", "serve"]
    for name, value in flags.items():
        command += [name, str(value)]
    log = home.folder / "server.log"
    with log.open("wb") as errors:
        server = subprocess.Popen(  # noqa: S603 - our own server
            command, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        line = server.stdout.readline() if server.stdout else ""
        found = re.search(r"127\.0\.0\.1:\d+", line)
        if found is None:
            raise OSError(
                t("сервер не запустился: ", "the server did not start: ") + log.read_text()
            )
        yield found[0]
        server.send_signal(signal.SIGTERM)
        server.wait(_STOP_S)
    finally:
        if server.poll() is None:
            server.kill()
        server.communicate()


def _product(line: OrderLine, tnved: str, name_ru: str, name_kk: str) -> Product:
    """Return the product that a line orders."""
    group = ProductGroup.Name(TEMPLATES[line.template_id].group)
    return Product(
        gtin=line.gtin, product_group=group, tnved_code=tnved, name_ru=name_ru, name_kk=name_kk
    )


def _join(operator: Client, bin_: str, name: str, *products: Product) -> str:
    """Register, activate and fund a participant with its products; return its station's token."""
    today = civil_date(time.time_ns() // 1000)
    operator.register_participant(bin_, name, today - dt.timedelta(days=1))
    operator.activate_participant(bin_, today)
    for product in products:
        operator.register_product(product, bin=bin_)
    operator.credit(bin_, _CREDIT_TIYN, f"demo-{bin_}")
    return operator.issue_token(Role.ROLE_STATION, bin_, "demo")


def _scaled(line: OrderLine, scale: float) -> OrderLine:
    return OrderLine(
        gtin=line.gtin,
        quantity=max(1, round(line.quantity * scale)),
        template_id=line.template_id,
    )


def _join_all(target: str, home: _Home) -> tuple[str, str]:
    """Join both participants; return the tokens of their stations."""
    with Client(target, home.operator_token) as operator:
        shoes = _product(_SHOES, "6403919300", _PRODUCTS[0], "«Қыс» қысқы бәтеңкесі, 43-өлшем")
        clothes = _product(_CLOTHES, "6109100000", _PRODUCTS[1], "Мақта футболка, ақ, L өлшемі")
        milk = _product(_SMALL, "0401201109", "Молоко 3,2 %, 1 л", "Сүт 3,2 %, 1 л")
        return (
            _join(operator, *_PARTICIPANT, shoes, clothes),
            _join(operator, *_BUSY_PARTICIPANT, milk),
        )


def _tell_story(target: str, tokens: tuple[str, str], out: Path, scale: float) -> Story:
    """Order, deliver, verify, circulate, close; the codes stay in ``codes.csv``."""
    with Client(target, tokens[0]) as station, Client(target, tokens[1]) as buyer:
        before = station.account()
        lines = [_scaled(_SHOES, scale), _scaled(_CLOTHES, scale)]
        orders = [station.create_order([line]) for line in lines]
        reserved = station.account()
        codes = sum(line.quantity for line in lines)
        file = out / "codes.csv"
        delivery_s = _deliver(station, orders, file, codes)
        write_symbols(_examples(orders, file), out / "symbols")
        _print(station, orders, out)
        verify_s = _verify(station, file, codes)
        sold = _circulate(station, buyer, orders, file)
        closed = [station.close_order(order.order_id) for order in orders]
        return Story(closed, codes, delivery_s, verify_s, sold, before, reserved, station.account())


def _deliver(station: Client, orders: list[Order], path: Path, codes: int) -> float:
    """Write all codes of the orders; return the seconds from the first request to the disk."""
    started = time.perf_counter()
    with path.open("wb") as file, progress(t("Выгрузка", "Delivery"), codes, show=True) as advance:
        for order in orders:
            write_codes(station.deliver(order.order_id, order.buffers[0].gtin), file, advance)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - started


def _print(station: Client, orders: list[Order], out: Path) -> None:
    """Print the first labels of the delivered blocks, which costs nothing more."""
    jobs = (
        ("labels.pdf", LabelForm.LABEL_FORM_PDF, "a4-sheet"),
        ("labels.zpl", LabelForm.LABEL_FORM_ZPL, "roll-of-three"),
    )
    for order, product, (name, form, design) in zip(orders, _PRODUCTS, jobs, strict=True):
        gtin = order.buffers[0].gtin
        block = next(station.blocks(order.order_id, gtin))
        labels = station.labels(
            order.order_id,
            gtin,
            form=form,
            design=design,
            block_id=block.block_id,
            count=_LABELS,
            product=product,
        )
        (out / name).write_bytes(b"".join(labels.data()))


def _verify(station: Client, path: Path, codes: int) -> float:
    """Check every code of the file through the server; return the seconds."""
    started = time.perf_counter()
    with path.open("rb") as file, progress(t("Проверка", "Checking"), codes, show=True) as advance:
        verdicts = verify_lines(station, code_batches(file), advance=advance)
    if (verdicts.codes, verdicts.genuine) != (codes, codes):
        raise BreachError(f"{verdicts.genuine} of {codes} codes are genuine")
    return time.perf_counter() - started


def _circulate(station: Client, buyer: Client, orders: list[Order], path: Path) -> Circulation:
    """Introduce all codes; pack the first of them into a box, and sell it."""
    started = time.perf_counter()
    for order in orders:
        buffer = order.buffers[0]
        span = CodeSpan(order_id=order.order_id, gtin=buffer.gtin, quantity=buffer.quantity)
        station.report_utilisation(Codes(spans=[span]))
        station.introduce(Codes(spans=[span]), IntroductionWay.INTRODUCTION_WAY_PRODUCTION)
    introduced_s = time.perf_counter() - started
    with path.open("rb") as file:
        codes = [file.readline().removesuffix(b"\n")
                 for _ in range(min(_BOXED, orders[0].buffers[0].quantity))]  # fmt: skip
    (box,) = station.allocate_ssccs(1)
    unit = PackUnit(box=box, kind=BoxKind.BOX_KIND_GROUP, codes=b"\n".join(codes))
    station.aggregate([unit])
    shipped = station.ship(_BUSY_PARTICIPANT[0], boxes=[box])
    buyer.accept_transfer(shipped.transfer.transfer_id)
    verdicts = station.verify(codes)
    owners = {verdicts.buffers[index].owner_name for index in verdicts.buffer_index}
    if owners != {_BUSY_PARTICIPANT[1]} or set(verdicts.states) != {
        CodeState.CODE_STATE_INTRODUCED
    }:
        raise BreachError(f"the goods in box {box} belong to {owners}")
    return Circulation(introduced_s, box, len(codes), *owners)


def _examples(orders: list[Order], path: Path) -> list[bytes]:
    """Return the first codes of each order from the file that holds one order after another."""
    codes = []
    with path.open("rb") as file:
        start = 0
        for order in orders:
            buffer = order.buffers[0]
            file.seek(start)
            count = min(_SYMBOLS_AN_ORDER, buffer.quantity)
            codes += [file.readline().removesuffix(b"\n") for _ in range(count)]
            start += buffer.quantity * (buffer.record_size + 1)
    return codes


def _burst(target: str, home: _Home, token: str, count: int) -> Burst:
    """Send many small orders of another participant on one stream, each durable when answered."""
    file = home.data / "data.mdb"
    with Client(target, token) as station:
        bytes_before = _stored_bytes(file)
        started = time.perf_counter()
        with progress(t("Заявки", "Orders"), count, show=True) as advance:
            for _, verdict in station.stream_orders([_SMALL] for _ in range(count)):
                if isinstance(verdict, Refused):
                    raise verdict
                advance(1)
        seconds = time.perf_counter() - started
        return Burst(count, seconds, _stored_bytes(file) - bytes_before)


def _stored_bytes(file: Path) -> int:
    """Return the disk that a store takes: it is a sparse file that only grows."""
    return file.stat().st_blocks * 512


def _check(home: _Home) -> Report:
    """Check every invariant of the store, beside its server."""
    store = open_lmdb(home.data, read_only=True)
    try:
        with progress(t("Инварианты", "Invariants"), None, show=True) as advance:
            return check_store(store, progress=lambda _: advance(1))
    finally:
        store.close()
