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
from typing import TYPE_CHECKING, NamedTuple

import click

from emitter.cli.access import FOLDER, Access
from emitter.cli.codes import write_codes
from emitter.cli.scans import code_batches
from emitter.cli.terminal import kzt, number, print_pairs, print_table, progress, say
from emitter.cli.verdicts import verify_lines
from emitter.cli.words import Command
from emitter.client import Client, LabelForm, OrderLine, Product, ProductGroup, Refused, Role
from emitter.engine.invariants import BreachError, check_store
from emitter.engine.keys import KeyRing, create_master
from emitter.labels.symbols import write_symbols
from emitter.language import t
from emitter.store.lmdb_engine import open_lmdb
from emitter.trade.calendar import civil_date
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.client import Account, Order
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
_PRODUCTS = ("Ботинки зимние «Қыс», р. 43", "Футболка хлопковая, белая, р. L")
_OUTPUTS = (
    "codes.csv", "labels.pdf", "labels.zpl", "public-keys.json", "summary.json", "symbols",
)  # fmt: skip


@click.command(
    cls=Command,
    help=t(
        "Показать всё на деле. Новое хранилище, настоящий сервер: участник, деньги, заявки, "
        "выгрузка, проверка, символы.\n\n"
        "В папке остаются codes.csv, symbols/, labels.pdf, labels.zpl, public-keys.json и "
        "summary.json.",
        "Show everything at work. A fresh store, a real server: participant, money, orders, "
        "delivery, checking, symbols.\n\n"
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
            story = _tell_story(target, home, out, scale)
            burst = _burst(target, home, max(200, round(_SMALL_ORDERS * scale)))
            report = _check(home)
    (out / "public-keys.json").write_text(json.dumps(public_keys, indent=2) + "\n", "ascii")
    summary = _summary(story, burst)
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", "ascii")
    _print_report(story, burst, report, out)


@dataclass(frozen=True, slots=True)
class _Home:
    """A fresh store: where it lies, its keys, and the operator's token."""

    folder: Path
    keys: KeyRing
    operator_token: str

    @property
    def data(self) -> Path:
        return self.folder / "data"


class _Story(NamedTuple):
    """What the participant went through."""

    orders: list[Order]
    codes: int
    delivery_s: float
    verify_s: float
    before: Account
    reserved: Account
    after: Account


class _Burst(NamedTuple):
    """Many small orders on one stream."""

    orders: int
    seconds: float
    stored_bytes: int


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


def _tell_story(target: str, home: _Home, out: Path, scale: float) -> _Story:
    """Join, order, deliver, verify, close; the codes stay in ``codes.csv``, some as symbols."""
    with Client(target, home.operator_token) as operator:
        shoes = _product(_SHOES, "6403919300", _PRODUCTS[0], "«Қыс» қысқы бәтеңкесі, 43-өлшем")
        clothes = _product(_CLOTHES, "6109100000", _PRODUCTS[1], "Мақта футболка, ақ, L өлшемі")
        token = _join(operator, *_PARTICIPANT, shoes, clothes)
    with Client(target, token) as station:
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
        closed = [station.close_order(order.order_id) for order in orders]
        return _Story(closed, codes, delivery_s, verify_s, before, reserved, station.account())


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


def _burst(target: str, home: _Home, count: int) -> _Burst:
    """Send many small orders of another participant on one stream, each durable when answered."""
    with Client(target, home.operator_token) as operator:
        milk = _product(_SMALL, "0401201109", "Молоко 3,2 %, 1 л", "Сүт 3,2 %, 1 л")
        token = _join(operator, *_BUSY_PARTICIPANT, milk)
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
        return _Burst(count, seconds, _stored_bytes(file) - bytes_before)


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


def _summary(story: _Story, burst: _Burst) -> dict[str, object]:
    """Return what ``summary.json`` says; others read these fields."""

    def money(account: Account) -> dict[str, int]:
        return {
            "available_tiyn": account.available_tiyn,
            "reserved_tiyn": account.reserved_tiyn,
            "captured_tiyn": account.captured_tiyn,
        }

    return {
        "codes": story.codes,
        "seconds": round(story.delivery_s, 3),
        "codes_per_second": round(story.codes / story.delivery_s),
        "orders_per_second": round(burst.orders / burst.seconds),
        "bytes_per_order": round(burst.stored_bytes / burst.orders),
        "before": money(story.before),
        "after": money(story.after),
    }


def _print_report(story: _Story, burst: _Burst, report: Report, out: Path) -> None:
    say("")
    print_pairs([
        (t("Участник", "Participant"), f"{story.before.name}, {story.before.bin}"),
        *[(t("Заявка", "Order"), _order_line(order)) for order in story.orders],
        (t("Выгружено", "Delivered"), _rate(story.codes, story.delivery_s)),
        (t("Проверено", "Checked"), _rate(story.codes, story.verify_s)),
        (t("Малые заявки", "Small orders"), _rate(burst.orders, burst.seconds) + ", " + t(
            f"{number(burst.stored_bytes // burst.orders)} байт на заявку",
            f"{number(burst.stored_bytes // burst.orders)} bytes an order",
        )),
        (t("Инварианты", "Invariants"), t(
            f"соблюдены: {number(report.orders)} заявок, "
            f"{number(report.transactions)} проводок, {number(report.ranges)} диапазонов",
            f"hold: {number(report.orders)} orders, "
            f"{number(report.transactions)} transactions, {number(report.ranges)} ranges",
        )),
    ])  # fmt: skip
    say("")
    moments = (story.before, story.reserved, story.after)
    print_table(
        (t("Деньги", "Money"), t("до заявок", "before"), t("после заявок", "ordered"),
         t("после выгрузки", "delivered")),
        [
            (t("доступно", "available"), *[kzt(each.available_tiyn) for each in moments]),
            (t("в резерве", "reserved"), *[kzt(each.reserved_tiyn) for each in moments]),
            (t("списано", "captured"), *[kzt(each.captured_tiyn) for each in moments]),
        ],
    )  # fmt: skip
    say("")
    say(_account_for(story))
    files = ", ".join(name if "." in name else f"{name}/" for name in _OUTPUTS)
    say(t(f"В папке {out}: {files}", f"In {out}: {files}"))


def _order_line(order: Order) -> str:
    buffer = order.buffers[0]
    return t(
        f"{number(buffer.quantity)} кодов, GTIN {buffer.gtin}, шаблон {buffer.template_id}",
        f"{number(buffer.quantity)} codes, GTIN {buffer.gtin}, template {buffer.template_id}",
    )


def _rate(count: int, seconds: float) -> str:
    return t(
        f"{number(count)} за {seconds:.2f} с: {number(round(count / seconds))} в секунду",
        f"{number(count)} in {seconds:.2f} s: {number(round(count / seconds))} a second",
    )


def _account_for(story: _Story) -> str:
    """Say how the captured money comes about, with the tariff and the VAT of the orders."""
    buffer = story.orders[0].buffers[0]
    net_tiyn = sum(
        each.buffers[0].quantity * each.buffers[0].tariff_net_tiyn for each in story.orders
    )
    vat = f"{buffer.vat_basis_points / 100:g} %"
    captured_tiyn = story.after.captured_tiyn
    return (
        f"{number(story.codes)} × {kzt(buffer.tariff_net_tiyn)} = {kzt(net_tiyn)}, "
        + t("НДС", "VAT")
        + f" {vat} = {kzt(captured_tiyn - net_tiyn)}, "
        + t("всего", "in all")
        + f" {kzt(captured_tiyn)}"
    )
