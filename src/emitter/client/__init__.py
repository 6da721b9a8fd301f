"""A Python client of `emitter.v1`: orders, codes, checks and accounts in plain calls.

    gtin = "04870001234560"
    with Client("127.0.0.1:7443", token) as client:
        order = client.create_order([OrderLine(gtin=gtin, quantity=1000, template_id=5)])
        for records in client.deliver(order.order_id, gtin):
            file.write(records.tobytes())     # numpy, uint8, (n, record_size): one code a row

What comes back are the protocol's own messages (`Order`, `Block`, `Account`, …) and numpy
columns. A refusal of the server is raised as `Refused` with its `Reason` and details. What the
server or the network may get over is repeated under the same id, a bounded number of times, so a
lost answer never makes a second order; what is left after that is gRPC's own ``grpc.RpcError``.
"""

from emitter.client.boxes import FoundBox
from emitter.client.client import Client
from emitter.client.delivery import CodesDamagedError, Delivery
from emitter.client.labels import Labels
from emitter.client.reports import Codes, ReportPiece
from emitter.client.verdicts import VerifiedCodes
from emitter.errors import Reason, Refused
from emitter.v1.account_pb2 import (
    AccessToken,
    Account,
    LedgerAccount,
    MovementKind,
    Role,
    Transaction,
)
from emitter.v1.box_pb2 import Box, BoxItem, BoxKind, BoxState, PackUnit
from emitter.v1.code_pb2 import Block, CodeReason, CodeState, IssuedBuffer
from emitter.v1.label_pb2 import LabelForm
from emitter.v1.order_pb2 import (
    Buffer,
    BufferState,
    Order,
    OrderLine,
    OrderState,
    ProductGroup,
    SerialSource,
)
from emitter.v1.product_pb2 import Product
from emitter.v1.report_pb2 import (
    Acceptance,
    BlockReference,
    CodeSpan,
    DocumentKind,
    DropoutReason,
    IntroductionWay,
    MovedCodes,
    RefusedCodes,
    Report,
    ReportDetails,
    ReportState,
    ReturnReason,
    WithdrawalReason,
)
from emitter.v1.station_pb2 import Connection, SignaturePolicy

__all__ = [
    "Acceptance",
    "AccessToken",
    "Account",
    "Block",
    "BlockReference",
    "Box",
    "BoxItem",
    "BoxKind",
    "BoxState",
    "Buffer",
    "BufferState",
    "Client",
    "CodeReason",
    "CodeSpan",
    "CodeState",
    "Codes",
    "CodesDamagedError",
    "Connection",
    "Delivery",
    "DocumentKind",
    "DropoutReason",
    "FoundBox",
    "IntroductionWay",
    "IssuedBuffer",
    "LabelForm",
    "Labels",
    "LedgerAccount",
    "MovedCodes",
    "MovementKind",
    "Order",
    "OrderLine",
    "OrderState",
    "PackUnit",
    "Product",
    "ProductGroup",
    "Reason",
    "Refused",
    "RefusedCodes",
    "Report",
    "ReportDetails",
    "ReportPiece",
    "ReportState",
    "ReturnReason",
    "Role",
    "SerialSource",
    "SignaturePolicy",
    "Transaction",
    "VerifiedCodes",
    "WithdrawalReason",
]
