import datetime

from emitter.v1 import code_pb2 as _code_pb2
from emitter.v1 import report_pb2 as _report_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TransferState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_STATE_UNSPECIFIED: _ClassVar[TransferState]
    TRANSFER_STATE_SHIPPED: _ClassVar[TransferState]
    TRANSFER_STATE_ACCEPTED: _ClassVar[TransferState]
    TRANSFER_STATE_PARTLY_ACCEPTED: _ClassVar[TransferState]
    TRANSFER_STATE_REJECTED: _ClassVar[TransferState]
    TRANSFER_STATE_RECALLED: _ClassVar[TransferState]

class TransferSide(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_SIDE_UNSPECIFIED: _ClassVar[TransferSide]
    TRANSFER_SIDE_SENDER: _ClassVar[TransferSide]
    TRANSFER_SIDE_RECIPIENT: _ClassVar[TransferSide]

class CodeEventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CODE_EVENT_KIND_UNSPECIFIED: _ClassVar[CodeEventKind]
    CODE_EVENT_KIND_EMITTED: _ClassVar[CodeEventKind]
    CODE_EVENT_KIND_DELIVERED: _ClassVar[CodeEventKind]
    CODE_EVENT_KIND_ANNULLED: _ClassVar[CodeEventKind]
    CODE_EVENT_KIND_DOCUMENT: _ClassVar[CodeEventKind]
    CODE_EVENT_KIND_RETURNED: _ClassVar[CodeEventKind]
TRANSFER_STATE_UNSPECIFIED: TransferState
TRANSFER_STATE_SHIPPED: TransferState
TRANSFER_STATE_ACCEPTED: TransferState
TRANSFER_STATE_PARTLY_ACCEPTED: TransferState
TRANSFER_STATE_REJECTED: TransferState
TRANSFER_STATE_RECALLED: TransferState
TRANSFER_SIDE_UNSPECIFIED: TransferSide
TRANSFER_SIDE_SENDER: TransferSide
TRANSFER_SIDE_RECIPIENT: TransferSide
CODE_EVENT_KIND_UNSPECIFIED: CodeEventKind
CODE_EVENT_KIND_EMITTED: CodeEventKind
CODE_EVENT_KIND_DELIVERED: CodeEventKind
CODE_EVENT_KIND_ANNULLED: CodeEventKind
CODE_EVENT_KIND_DOCUMENT: CodeEventKind
CODE_EVENT_KIND_RETURNED: CodeEventKind

class Goods(_message.Message):
    __slots__ = ("codes", "spans", "blocks", "boxes", "transfers")
    CODES_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    BOXES_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    codes: bytes
    spans: _containers.RepeatedCompositeFieldContainer[_report_pb2.CodeSpan]
    blocks: _containers.RepeatedCompositeFieldContainer[_report_pb2.BlockReference]
    boxes: _containers.RepeatedScalarFieldContainer[str]
    transfers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, codes: _Optional[bytes] = ..., spans: _Optional[_Iterable[_Union[_report_pb2.CodeSpan, _Mapping]]] = ..., blocks: _Optional[_Iterable[_Union[_report_pb2.BlockReference, _Mapping]]] = ..., boxes: _Optional[_Iterable[str]] = ..., transfers: _Optional[_Iterable[str]] = ...) -> None: ...

class GoodsLine(_message.Message):
    __slots__ = ("gtin", "quantity")
    GTIN_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    gtin: str
    quantity: int
    def __init__(self, gtin: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ("transfer_id", "state", "side", "sender_bin", "recipient_bin", "ship_time", "answer_time", "code_count", "accepted_count", "boxes", "goods", "details")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    SENDER_BIN_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_BIN_FIELD_NUMBER: _ClassVar[int]
    SHIP_TIME_FIELD_NUMBER: _ClassVar[int]
    ANSWER_TIME_FIELD_NUMBER: _ClassVar[int]
    CODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    BOXES_FIELD_NUMBER: _ClassVar[int]
    GOODS_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    state: TransferState
    side: TransferSide
    sender_bin: str
    recipient_bin: str
    ship_time: _timestamp_pb2.Timestamp
    answer_time: _timestamp_pb2.Timestamp
    code_count: int
    accepted_count: int
    boxes: _containers.RepeatedScalarFieldContainer[str]
    goods: _containers.RepeatedCompositeFieldContainer[GoodsLine]
    details: _report_pb2.ReportDetails
    def __init__(self, transfer_id: _Optional[str] = ..., state: _Optional[_Union[TransferState, str]] = ..., side: _Optional[_Union[TransferSide, str]] = ..., sender_bin: _Optional[str] = ..., recipient_bin: _Optional[str] = ..., ship_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., answer_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., code_count: _Optional[int] = ..., accepted_count: _Optional[int] = ..., boxes: _Optional[_Iterable[str]] = ..., goods: _Optional[_Iterable[_Union[GoodsLine, _Mapping]]] = ..., details: _Optional[_Union[_report_pb2.ReportDetails, _Mapping]] = ...) -> None: ...

class ShipGoodsRequest(_message.Message):
    __slots__ = ("request_id", "bin", "recipient_bin", "goods", "acceptance", "details")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_BIN_FIELD_NUMBER: _ClassVar[int]
    GOODS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    bin: str
    recipient_bin: str
    goods: Goods
    acceptance: _report_pb2.Acceptance
    details: _report_pb2.ReportDetails
    def __init__(self, request_id: _Optional[str] = ..., bin: _Optional[str] = ..., recipient_bin: _Optional[str] = ..., goods: _Optional[_Union[Goods, _Mapping]] = ..., acceptance: _Optional[_Union[_report_pb2.Acceptance, str]] = ..., details: _Optional[_Union[_report_pb2.ReportDetails, _Mapping]] = ...) -> None: ...

class ShipGoodsResponse(_message.Message):
    __slots__ = ("document", "transfer", "replayed")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    document: _report_pb2.Report
    transfer: Transfer
    replayed: bool
    def __init__(self, document: _Optional[_Union[_report_pb2.Report, _Mapping]] = ..., transfer: _Optional[_Union[Transfer, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class AcceptTransferRequest(_message.Message):
    __slots__ = ("request_id", "bin", "transfer_id", "accepted", "refused", "acceptance", "details")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    bin: str
    transfer_id: str
    accepted: Goods
    refused: Goods
    acceptance: _report_pb2.Acceptance
    details: _report_pb2.ReportDetails
    def __init__(self, request_id: _Optional[str] = ..., bin: _Optional[str] = ..., transfer_id: _Optional[str] = ..., accepted: _Optional[_Union[Goods, _Mapping]] = ..., refused: _Optional[_Union[Goods, _Mapping]] = ..., acceptance: _Optional[_Union[_report_pb2.Acceptance, str]] = ..., details: _Optional[_Union[_report_pb2.ReportDetails, _Mapping]] = ...) -> None: ...

class AcceptTransferResponse(_message.Message):
    __slots__ = ("document", "transfer", "replayed")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    document: _report_pb2.Report
    transfer: Transfer
    replayed: bool
    def __init__(self, document: _Optional[_Union[_report_pb2.Report, _Mapping]] = ..., transfer: _Optional[_Union[Transfer, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class RejectTransferRequest(_message.Message):
    __slots__ = ("request_id", "bin", "transfer_id", "details")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    bin: str
    transfer_id: str
    details: _report_pb2.ReportDetails
    def __init__(self, request_id: _Optional[str] = ..., bin: _Optional[str] = ..., transfer_id: _Optional[str] = ..., details: _Optional[_Union[_report_pb2.ReportDetails, _Mapping]] = ...) -> None: ...

class RejectTransferResponse(_message.Message):
    __slots__ = ("document", "transfer", "replayed")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    document: _report_pb2.Report
    transfer: Transfer
    replayed: bool
    def __init__(self, document: _Optional[_Union[_report_pb2.Report, _Mapping]] = ..., transfer: _Optional[_Union[Transfer, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class RecallTransferRequest(_message.Message):
    __slots__ = ("request_id", "bin", "transfer_id", "details")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    bin: str
    transfer_id: str
    details: _report_pb2.ReportDetails
    def __init__(self, request_id: _Optional[str] = ..., bin: _Optional[str] = ..., transfer_id: _Optional[str] = ..., details: _Optional[_Union[_report_pb2.ReportDetails, _Mapping]] = ...) -> None: ...

class RecallTransferResponse(_message.Message):
    __slots__ = ("document", "transfer", "replayed")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    document: _report_pb2.Report
    transfer: Transfer
    replayed: bool
    def __init__(self, document: _Optional[_Union[_report_pb2.Report, _Mapping]] = ..., transfer: _Optional[_Union[Transfer, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class GetTransferRequest(_message.Message):
    __slots__ = ("transfer_id", "bin")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    bin: str
    def __init__(self, transfer_id: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class GetTransferResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class ListTransfersRequest(_message.Message):
    __slots__ = ("side", "page_size", "page_token", "bin")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    side: TransferSide
    page_size: int
    page_token: str
    bin: str
    def __init__(self, side: _Optional[_Union[TransferSide, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class ListTransfersResponse(_message.Message):
    __slots__ = ("transfers", "next_page_token")
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    next_page_token: str
    def __init__(self, transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CodeEvent(_message.Message):
    __slots__ = ("time", "kind", "document_kind", "bin", "name", "other_bin", "other_name", "id", "state", "owner_bin")
    TIME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_KIND_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OTHER_BIN_FIELD_NUMBER: _ClassVar[int]
    OTHER_NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OWNER_BIN_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    kind: CodeEventKind
    document_kind: _report_pb2.DocumentKind
    bin: str
    name: str
    other_bin: str
    other_name: str
    id: str
    state: _code_pb2.CodeState
    owner_bin: str
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[_Union[CodeEventKind, str]] = ..., document_kind: _Optional[_Union[_report_pb2.DocumentKind, str]] = ..., bin: _Optional[str] = ..., name: _Optional[str] = ..., other_bin: _Optional[str] = ..., other_name: _Optional[str] = ..., id: _Optional[str] = ..., state: _Optional[_Union[_code_pb2.CodeState, str]] = ..., owner_bin: _Optional[str] = ...) -> None: ...

class GetCodeHistoryRequest(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: bytes
    def __init__(self, code: _Optional[bytes] = ...) -> None: ...

class GetCodeHistoryResponse(_message.Message):
    __slots__ = ("gtin", "serial", "state", "utilised", "owner_bin", "owner_name", "recipient_bin", "events")
    GTIN_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    UTILISED_FIELD_NUMBER: _ClassVar[int]
    OWNER_BIN_FIELD_NUMBER: _ClassVar[int]
    OWNER_NAME_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_BIN_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    gtin: str
    serial: str
    state: _code_pb2.CodeState
    utilised: bool
    owner_bin: str
    owner_name: str
    recipient_bin: str
    events: _containers.RepeatedCompositeFieldContainer[CodeEvent]
    def __init__(self, gtin: _Optional[str] = ..., serial: _Optional[str] = ..., state: _Optional[_Union[_code_pb2.CodeState, str]] = ..., utilised: _Optional[bool] = ..., owner_bin: _Optional[str] = ..., owner_name: _Optional[str] = ..., recipient_bin: _Optional[str] = ..., events: _Optional[_Iterable[_Union[CodeEvent, _Mapping]]] = ...) -> None: ...
