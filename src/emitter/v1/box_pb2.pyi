import datetime

from emitter.v1 import report_pb2 as _report_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BoxKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOX_KIND_UNSPECIFIED: _ClassVar[BoxKind]
    BOX_KIND_GROUP: _ClassVar[BoxKind]
    BOX_KIND_TRANSPORT: _ClassVar[BoxKind]

class BoxState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOX_STATE_UNSPECIFIED: _ClassVar[BoxState]
    BOX_STATE_PACKED: _ClassVar[BoxState]
    BOX_STATE_DISBANDED: _ClassVar[BoxState]
BOX_KIND_UNSPECIFIED: BoxKind
BOX_KIND_GROUP: BoxKind
BOX_KIND_TRANSPORT: BoxKind
BOX_STATE_UNSPECIFIED: BoxState
BOX_STATE_PACKED: BoxState
BOX_STATE_DISBANDED: BoxState

class Box(_message.Message):
    __slots__ = ("box", "kind", "state", "owner_bin", "packer_bin", "around", "capacity", "code_count", "box_count", "total_code_count", "total_box_count", "create_time", "update_time", "report_id", "under_way")
    BOX_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OWNER_BIN_FIELD_NUMBER: _ClassVar[int]
    PACKER_BIN_FIELD_NUMBER: _ClassVar[int]
    AROUND_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    CODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    BOX_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_CODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BOX_COUNT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REPORT_ID_FIELD_NUMBER: _ClassVar[int]
    UNDER_WAY_FIELD_NUMBER: _ClassVar[int]
    box: str
    kind: BoxKind
    state: BoxState
    owner_bin: str
    packer_bin: str
    around: _containers.RepeatedScalarFieldContainer[str]
    capacity: int
    code_count: int
    box_count: int
    total_code_count: int
    total_box_count: int
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    report_id: str
    under_way: bool
    def __init__(self, box: _Optional[str] = ..., kind: _Optional[_Union[BoxKind, str]] = ..., state: _Optional[_Union[BoxState, str]] = ..., owner_bin: _Optional[str] = ..., packer_bin: _Optional[str] = ..., around: _Optional[_Iterable[str]] = ..., capacity: _Optional[int] = ..., code_count: _Optional[int] = ..., box_count: _Optional[int] = ..., total_code_count: _Optional[int] = ..., total_box_count: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., report_id: _Optional[str] = ..., under_way: _Optional[bool] = ...) -> None: ...

class PackUnit(_message.Message):
    __slots__ = ("box", "kind", "update", "capacity", "codes", "spans", "blocks", "boxes", "transfers")
    BOX_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    BOXES_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    box: str
    kind: BoxKind
    update: bool
    capacity: int
    codes: bytes
    spans: _containers.RepeatedCompositeFieldContainer[_report_pb2.CodeSpan]
    blocks: _containers.RepeatedCompositeFieldContainer[_report_pb2.BlockReference]
    boxes: _containers.RepeatedScalarFieldContainer[str]
    transfers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, box: _Optional[str] = ..., kind: _Optional[_Union[BoxKind, str]] = ..., update: _Optional[bool] = ..., capacity: _Optional[int] = ..., codes: _Optional[bytes] = ..., spans: _Optional[_Iterable[_Union[_report_pb2.CodeSpan, _Mapping]]] = ..., blocks: _Optional[_Iterable[_Union[_report_pb2.BlockReference, _Mapping]]] = ..., boxes: _Optional[_Iterable[str]] = ..., transfers: _Optional[_Iterable[str]] = ...) -> None: ...

class AggregateCodesRequest(_message.Message):
    __slots__ = ("request_id", "bin", "units", "acceptance")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    bin: str
    units: _containers.RepeatedCompositeFieldContainer[PackUnit]
    acceptance: _report_pb2.Acceptance
    def __init__(self, request_id: _Optional[str] = ..., bin: _Optional[str] = ..., units: _Optional[_Iterable[_Union[PackUnit, _Mapping]]] = ..., acceptance: _Optional[_Union[_report_pb2.Acceptance, str]] = ...) -> None: ...

class AggregateCodesResponse(_message.Message):
    __slots__ = ("report", "replayed")
    REPORT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    report: _report_pb2.Report
    replayed: bool
    def __init__(self, report: _Optional[_Union[_report_pb2.Report, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class DisaggregateBoxesRequest(_message.Message):
    __slots__ = ("request_id", "bin", "boxes", "codes", "spans", "blocks", "inner_boxes", "acceptance", "transfers")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    BOXES_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    INNER_BOXES_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    bin: str
    boxes: _containers.RepeatedScalarFieldContainer[str]
    codes: bytes
    spans: _containers.RepeatedCompositeFieldContainer[_report_pb2.CodeSpan]
    blocks: _containers.RepeatedCompositeFieldContainer[_report_pb2.BlockReference]
    inner_boxes: _containers.RepeatedScalarFieldContainer[str]
    acceptance: _report_pb2.Acceptance
    transfers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[str] = ..., bin: _Optional[str] = ..., boxes: _Optional[_Iterable[str]] = ..., codes: _Optional[bytes] = ..., spans: _Optional[_Iterable[_Union[_report_pb2.CodeSpan, _Mapping]]] = ..., blocks: _Optional[_Iterable[_Union[_report_pb2.BlockReference, _Mapping]]] = ..., inner_boxes: _Optional[_Iterable[str]] = ..., acceptance: _Optional[_Union[_report_pb2.Acceptance, str]] = ..., transfers: _Optional[_Iterable[str]] = ...) -> None: ...

class DisaggregateBoxesResponse(_message.Message):
    __slots__ = ("report", "replayed")
    REPORT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    report: _report_pb2.Report
    replayed: bool
    def __init__(self, report: _Optional[_Union[_report_pb2.Report, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class GetBoxRequest(_message.Message):
    __slots__ = ("box", "bin")
    BOX_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    box: str
    bin: str
    def __init__(self, box: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class GetBoxResponse(_message.Message):
    __slots__ = ("box",)
    BOX_FIELD_NUMBER: _ClassVar[int]
    box: Box
    def __init__(self, box: _Optional[_Union[Box, _Mapping]] = ...) -> None: ...

class ListBoxesRequest(_message.Message):
    __slots__ = ("state", "recursive", "page_size", "page_token", "bin")
    STATE_FIELD_NUMBER: _ClassVar[int]
    RECURSIVE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    state: BoxState
    recursive: bool
    page_size: int
    page_token: str
    bin: str
    def __init__(self, state: _Optional[_Union[BoxState, str]] = ..., recursive: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class ListBoxesResponse(_message.Message):
    __slots__ = ("boxes", "next_page_token")
    BOXES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    boxes: _containers.RepeatedCompositeFieldContainer[Box]
    next_page_token: str
    def __init__(self, boxes: _Optional[_Iterable[_Union[Box, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListBoxContentsRequest(_message.Message):
    __slots__ = ("box", "recursive", "page_size", "page_token", "bin")
    BOX_FIELD_NUMBER: _ClassVar[int]
    RECURSIVE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    box: str
    recursive: bool
    page_size: int
    page_token: str
    bin: str
    def __init__(self, box: _Optional[str] = ..., recursive: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class BoxItem(_message.Message):
    __slots__ = ("box", "inner_box", "identification_code", "gtin")
    BOX_FIELD_NUMBER: _ClassVar[int]
    INNER_BOX_FIELD_NUMBER: _ClassVar[int]
    IDENTIFICATION_CODE_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    box: str
    inner_box: str
    identification_code: str
    gtin: str
    def __init__(self, box: _Optional[str] = ..., inner_box: _Optional[str] = ..., identification_code: _Optional[str] = ..., gtin: _Optional[str] = ...) -> None: ...

class ListBoxContentsResponse(_message.Message):
    __slots__ = ("items", "next_page_token")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[BoxItem]
    next_page_token: str
    def __init__(self, items: _Optional[_Iterable[_Union[BoxItem, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class FindBoxesRequest(_message.Message):
    __slots__ = ("codes", "bin")
    CODES_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    codes: bytes
    bin: str
    def __init__(self, codes: _Optional[bytes] = ..., bin: _Optional[str] = ...) -> None: ...

class FindBoxesResponse(_message.Message):
    __slots__ = ("reasons", "box_index", "boxes")
    REASONS_FIELD_NUMBER: _ClassVar[int]
    BOX_INDEX_FIELD_NUMBER: _ClassVar[int]
    BOXES_FIELD_NUMBER: _ClassVar[int]
    reasons: bytes
    box_index: _containers.RepeatedScalarFieldContainer[int]
    boxes: _containers.RepeatedCompositeFieldContainer[Box]
    def __init__(self, reasons: _Optional[bytes] = ..., box_index: _Optional[_Iterable[int]] = ..., boxes: _Optional[_Iterable[_Union[Box, _Mapping]]] = ...) -> None: ...

class AllocateSsccsRequest(_message.Message):
    __slots__ = ("request_id", "bin", "quantity")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    bin: str
    quantity: int
    def __init__(self, request_id: _Optional[str] = ..., bin: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class AllocateSsccsResponse(_message.Message):
    __slots__ = ("ssccs", "replayed")
    SSCCS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    ssccs: _containers.RepeatedScalarFieldContainer[str]
    replayed: bool
    def __init__(self, ssccs: _Optional[_Iterable[str]] = ..., replayed: _Optional[bool] = ...) -> None: ...
