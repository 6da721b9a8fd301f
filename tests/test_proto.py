"""The protocol: generated files are current, numbers are the trade's own, the rules of Buf hold."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emitter.engine.guesses import AlertKind
from emitter.engine.history import CodeEventKind
from emitter.engine.participants import Role
from emitter.engine.public import GoodsState, Verdict
from emitter.errors import Reason
from emitter.labels.render import Form
from emitter.store.holding_keys import Side
from emitter.store.rows import SerialSource, SignaturePolicy
from emitter.trade.circulation import (
    Acceptance,
    DocumentKind,
    DocumentStatus,
    DropoutReason,
    IntroductionWay,
    ReturnReason,
    WithdrawalReason,
)
from emitter.trade.ledger import LedgerAccount, MovementKind
from emitter.trade.packing import BoxKind, BoxState
from emitter.trade.states import BufferState, CodeState, OrderState, TransferState
from emitter.trade.templates import Group
from emitter.v1 import (
    account_pb2,
    box_pb2,
    code_pb2,
    label_pb2,
    order_pb2,
    product_pb2,
    public_pb2,
    report_pb2,
    station_pb2,
    transfer_pb2,
)

if TYPE_CHECKING:
    import enum

ROOT = Path(__file__).parent.parent
FILES = [
    order_pb2.DESCRIPTOR, code_pb2.DESCRIPTOR, account_pb2.DESCRIPTOR, station_pb2.DESCRIPTOR,
    label_pb2.DESCRIPTOR, report_pb2.DESCRIPTOR, public_pb2.DESCRIPTOR,
    product_pb2.DESCRIPTOR, box_pb2.DESCRIPTOR, transfer_pb2.DESCRIPTOR,
]  # fmt: skip
SERVICES = [service for file in FILES for service in file.services_by_name.values()]
METHODS = [method for service in SERVICES for method in service.methods]
ENUMS = [item for file in FILES for item in file.enum_types_by_name.values()]
SOURCES = sorted((ROOT / "proto").glob("emitter/v1/*.proto"))


def test_generating_again_gives_the_committed_files(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "proto" / "generate.py"))["generate"](tmp_path)
    fresh = {path.name: path.read_bytes() for path in (tmp_path / "emitter" / "v1").iterdir()}
    committed = ROOT / "src" / "emitter" / "v1"
    kept = {p.name: p.read_bytes() for p in committed.glob("*_pb2*")}
    assert len(fresh) == 3 * len(SOURCES)
    assert fresh == kept


@pytest.mark.parametrize(
    ("wire", "trade"),
    [
        (order_pb2.OrderState, OrderState),
        (order_pb2.BufferState, BufferState),
        (order_pb2.ProductGroup, Group),
        (order_pb2.SerialSource, SerialSource),
        (code_pb2.CodeState, CodeState),
        (account_pb2.MovementKind, MovementKind),
        (account_pb2.LedgerAccount, LedgerAccount),
        (account_pb2.Role, Role),
        (station_pb2.SignaturePolicy, SignaturePolicy),
        (label_pb2.LabelForm, Form),
        (report_pb2.DocumentKind, DocumentKind),
        (report_pb2.ReportState, DocumentStatus),
        (report_pb2.Acceptance, Acceptance),
        (report_pb2.IntroductionWay, IntroductionWay),
        (report_pb2.DropoutReason, DropoutReason),
        (report_pb2.WithdrawalReason, WithdrawalReason),
        (report_pb2.ReturnReason, ReturnReason),
        (code_pb2.AlertKind, AlertKind),
        (public_pb2.PublicVerdict, Verdict),
        (public_pb2.GoodsState, GoodsState),
        (box_pb2.BoxKind, BoxKind),
        (box_pb2.BoxState, BoxState),
        (transfer_pb2.TransferState, TransferState),
        (transfer_pb2.TransferSide, Side),
        (transfer_pb2.CodeEventKind, CodeEventKind),
    ],
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_an_enumeration_of_the_wire_is_the_trades(wire: object, trade: type[enum.IntEnum]) -> None:
    prefix = snake(wire.DESCRIPTOR.name)
    ours = {f"{prefix}_{member.name}": member.value for member in trade}
    assert dict(wire.items()) == {f"{prefix}_UNSPECIFIED": 0} | ours


def test_the_reasons_of_a_check_of_codes_are_the_engines() -> None:
    ours = {
        reason.name.replace("CODE_", "CODE_REASON_", 1): reason.value
        for reason in Reason
        if reason.name.startswith("CODE_") and reason is not Reason.CODE_TOO_LONG  # of symbols
    }
    boxes = (Reason.REPORT_EMPTY, Reason.BOX_NOT_FOUND, Reason.BOX_BOXED, Reason.BOX_NESTING)
    ours |= {f"CODE_REASON_{reason.name}": reason.value for reason in boxes}  # of named boxes
    assert dict(code_pb2.CodeReason.items()) == {"CODE_REASON_UNSPECIFIED": 0} | ours


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_has_a_request_and_a_response_of_its_own(method: object) -> None:
    assert method.input_type.name == f"{method.name}Request"
    assert method.output_type.name == f"{method.name}Response"


def test_services_and_packages_are_named_after_the_rules() -> None:
    assert {service.full_name for service in SERVICES} == {
        "emitter.v1.OrderService", "emitter.v1.CodeService", "emitter.v1.AccountService",
        "emitter.v1.StationService", "emitter.v1.LabelService", "emitter.v1.ReportService",
        "emitter.v1.PublicService", "emitter.v1.ProductService", "emitter.v1.BoxService",
        "emitter.v1.TransferService",
    }  # fmt: skip


@pytest.mark.parametrize("item", ENUMS, ids=lambda item: item.name)
def test_zero_is_unspecified_and_values_carry_the_name(item: object) -> None:
    assert item.values[0].name == f"{snake(item.name)}_UNSPECIFIED"
    assert item.values[0].number == 0
    assert all(value.name.startswith(f"{snake(item.name)}_") for value in item.values)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_lists_are_paged_and_no_request_names_its_caller(method: object) -> None:
    names = {field.name for field in method.input_type.fields}
    if method.name.startswith("List"):
        assert {"page_size", "page_token"} <= names
        assert "next_page_token" in {field.name for field in method.output_type.fields}
    # Who may name another's:
    operators = {
        "AccountService", "StationService", "ReportService", "ProductService", "BoxService",
        "TransferService",
    }  # fmt: skip
    if method.containing_service.name not in operators and not method.name.startswith(
        ("Get", "List")
    ):
        assert "bin" not in names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_service_message_field_and_value_is_explained(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    declared = re.compile(
        r"^\s*(service|message|enum|rpc|oneof)\s|^\s+(optional |repeated )?[\w.]+ \w+ = \d+;"
        r"|^\s+[A-Z_]+ = \d+;"
    )
    bare = [
        line
        for number, line in enumerate(lines)
        if declared.match(line) and not lines[number - 1].strip().startswith("//")
    ]
    assert bare == []
    assert not any(len(line) > 100 for line in lines)
