import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CodeState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CODE_STATE_UNSPECIFIED: _ClassVar[CodeState]
    CODE_STATE_EMITTED: _ClassVar[CodeState]
    CODE_STATE_APPLIED_AND_PAID: _ClassVar[CodeState]
    CODE_STATE_INTRODUCED: _ClassVar[CodeState]
    CODE_STATE_WITHDRAWN: _ClassVar[CodeState]
    CODE_STATE_WRITTEN_OFF: _ClassVar[CodeState]
    CODE_STATE_ANNULLED: _ClassVar[CodeState]

class CodeReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CODE_REASON_UNSPECIFIED: _ClassVar[CodeReason]
    CODE_REASON_UNPARSABLE: _ClassVar[CodeReason]
    CODE_REASON_GTIN_INVALID: _ClassVar[CodeReason]
    CODE_REASON_OTHER_OPERATOR: _ClassVar[CodeReason]
    CODE_REASON_UNKNOWN_GTIN: _ClassVar[CodeReason]
    CODE_REASON_NEVER_ISSUED: _ClassVar[CodeReason]
    CODE_REASON_FORGED: _ClassVar[CodeReason]
    CODE_REASON_MOVE_REFUSED: _ClassVar[CodeReason]
    CODE_REASON_NOT_OWNED: _ClassVar[CodeReason]
    CODE_REASON_REPEATED: _ClassVar[CodeReason]
    CODE_REASON_BOXED: _ClassVar[CodeReason]
    CODE_REASON_IN_TRANSIT: _ClassVar[CodeReason]
    CODE_REASON_UTILISED_ALREADY: _ClassVar[CodeReason]
    CODE_REASON_UNBOXED: _ClassVar[CodeReason]
    CODE_REASON_WITHHELD: _ClassVar[CodeReason]
    CODE_REASON_NOT_SHIPPED: _ClassVar[CodeReason]
    CODE_REASON_REPORT_EMPTY: _ClassVar[CodeReason]
    CODE_REASON_BOX_NOT_FOUND: _ClassVar[CodeReason]
    CODE_REASON_BOX_BOXED: _ClassVar[CodeReason]
    CODE_REASON_BOX_NESTING: _ClassVar[CodeReason]

class AlertKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALERT_KIND_UNSPECIFIED: _ClassVar[AlertKind]
    ALERT_KIND_PARTICIPANT: _ClassVar[AlertKind]
    ALERT_KIND_CALLER: _ClassVar[AlertKind]
    ALERT_KIND_GTIN: _ClassVar[AlertKind]
CODE_STATE_UNSPECIFIED: CodeState
CODE_STATE_EMITTED: CodeState
CODE_STATE_APPLIED_AND_PAID: CodeState
CODE_STATE_INTRODUCED: CodeState
CODE_STATE_WITHDRAWN: CodeState
CODE_STATE_WRITTEN_OFF: CodeState
CODE_STATE_ANNULLED: CodeState
CODE_REASON_UNSPECIFIED: CodeReason
CODE_REASON_UNPARSABLE: CodeReason
CODE_REASON_GTIN_INVALID: CodeReason
CODE_REASON_OTHER_OPERATOR: CodeReason
CODE_REASON_UNKNOWN_GTIN: CodeReason
CODE_REASON_NEVER_ISSUED: CodeReason
CODE_REASON_FORGED: CodeReason
CODE_REASON_MOVE_REFUSED: CodeReason
CODE_REASON_NOT_OWNED: CodeReason
CODE_REASON_REPEATED: CodeReason
CODE_REASON_BOXED: CodeReason
CODE_REASON_IN_TRANSIT: CodeReason
CODE_REASON_UTILISED_ALREADY: CodeReason
CODE_REASON_UNBOXED: CodeReason
CODE_REASON_WITHHELD: CodeReason
CODE_REASON_NOT_SHIPPED: CodeReason
CODE_REASON_REPORT_EMPTY: CodeReason
CODE_REASON_BOX_NOT_FOUND: CodeReason
CODE_REASON_BOX_BOXED: CodeReason
CODE_REASON_BOX_NESTING: CodeReason
ALERT_KIND_UNSPECIFIED: AlertKind
ALERT_KIND_PARTICIPANT: AlertKind
ALERT_KIND_CALLER: AlertKind
ALERT_KIND_GTIN: AlertKind

class Block(_message.Message):
    __slots__ = ("block_id", "order_id", "gtin", "first_index", "quantity", "net_tiyn", "vat_tiyn", "gross_tiyn", "deliver_time")
    BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    NET_TIYN_FIELD_NUMBER: _ClassVar[int]
    VAT_TIYN_FIELD_NUMBER: _ClassVar[int]
    GROSS_TIYN_FIELD_NUMBER: _ClassVar[int]
    DELIVER_TIME_FIELD_NUMBER: _ClassVar[int]
    block_id: str
    order_id: str
    gtin: str
    first_index: int
    quantity: int
    net_tiyn: int
    vat_tiyn: int
    gross_tiyn: int
    deliver_time: _timestamp_pb2.Timestamp
    def __init__(self, block_id: _Optional[str] = ..., order_id: _Optional[str] = ..., gtin: _Optional[str] = ..., first_index: _Optional[int] = ..., quantity: _Optional[int] = ..., net_tiyn: _Optional[int] = ..., vat_tiyn: _Optional[int] = ..., gross_tiyn: _Optional[int] = ..., deliver_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DeliverBlockRequest(_message.Message):
    __slots__ = ("order_id", "gtin", "block_id", "quantity", "from_index")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    FROM_INDEX_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    gtin: str
    block_id: str
    quantity: int
    from_index: int
    def __init__(self, order_id: _Optional[str] = ..., gtin: _Optional[str] = ..., block_id: _Optional[str] = ..., quantity: _Optional[int] = ..., from_index: _Optional[int] = ...) -> None: ...

class DeliverBlockResponse(_message.Message):
    __slots__ = ("block", "replayed", "first_index", "record_size", "digest", "records")
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    RECORD_SIZE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    block: Block
    replayed: bool
    first_index: int
    record_size: int
    digest: bytes
    records: bytes
    def __init__(self, block: _Optional[_Union[Block, _Mapping]] = ..., replayed: _Optional[bool] = ..., first_index: _Optional[int] = ..., record_size: _Optional[int] = ..., digest: _Optional[bytes] = ..., records: _Optional[bytes] = ...) -> None: ...

class ListBlocksRequest(_message.Message):
    __slots__ = ("order_id", "gtin", "page_size", "page_token", "bin")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    gtin: str
    page_size: int
    page_token: str
    bin: str
    def __init__(self, order_id: _Optional[str] = ..., gtin: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class ListBlocksResponse(_message.Message):
    __slots__ = ("blocks", "next_page_token")
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    blocks: _containers.RepeatedCompositeFieldContainer[Block]
    next_page_token: str
    def __init__(self, blocks: _Optional[_Iterable[_Union[Block, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class VerifyCodesRequest(_message.Message):
    __slots__ = ("codes",)
    CODES_FIELD_NUMBER: _ClassVar[int]
    codes: bytes
    def __init__(self, codes: _Optional[bytes] = ...) -> None: ...

class IssuedBuffer(_message.Message):
    __slots__ = ("order_id", "gtin", "template_id", "owner_bin", "owner_name")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_BIN_FIELD_NUMBER: _ClassVar[int]
    OWNER_NAME_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    gtin: str
    template_id: int
    owner_bin: str
    owner_name: str
    def __init__(self, order_id: _Optional[str] = ..., gtin: _Optional[str] = ..., template_id: _Optional[int] = ..., owner_bin: _Optional[str] = ..., owner_name: _Optional[str] = ...) -> None: ...

class VerifyCodesResponse(_message.Message):
    __slots__ = ("reasons", "states", "buffer_index", "buffers", "utilised")
    REASONS_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    BUFFER_INDEX_FIELD_NUMBER: _ClassVar[int]
    BUFFERS_FIELD_NUMBER: _ClassVar[int]
    UTILISED_FIELD_NUMBER: _ClassVar[int]
    reasons: bytes
    states: bytes
    buffer_index: _containers.RepeatedScalarFieldContainer[int]
    buffers: _containers.RepeatedCompositeFieldContainer[IssuedBuffer]
    utilised: bytes
    def __init__(self, reasons: _Optional[bytes] = ..., states: _Optional[bytes] = ..., buffer_index: _Optional[_Iterable[int]] = ..., buffers: _Optional[_Iterable[_Union[IssuedBuffer, _Mapping]]] = ..., utilised: _Optional[bytes] = ...) -> None: ...

class CheckAlert(_message.Message):
    __slots__ = ("kind", "subject", "first_time", "last_time", "wrong", "withheld")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    FIRST_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_FIELD_NUMBER: _ClassVar[int]
    WRONG_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_FIELD_NUMBER: _ClassVar[int]
    kind: AlertKind
    subject: str
    first_time: _timestamp_pb2.Timestamp
    last_time: _timestamp_pb2.Timestamp
    wrong: int
    withheld: int
    def __init__(self, kind: _Optional[_Union[AlertKind, str]] = ..., subject: _Optional[str] = ..., first_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., wrong: _Optional[int] = ..., withheld: _Optional[int] = ...) -> None: ...

class GetCheckAlertsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCheckAlertsResponse(_message.Message):
    __slots__ = ("alerts",)
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    alerts: _containers.RepeatedCompositeFieldContainer[CheckAlert]
    def __init__(self, alerts: _Optional[_Iterable[_Union[CheckAlert, _Mapping]]] = ...) -> None: ...

class OverdueBlock(_message.Message):
    __slots__ = ("block", "due_date", "not_applied_quantity")
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    DUE_DATE_FIELD_NUMBER: _ClassVar[int]
    NOT_APPLIED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    block: Block
    due_date: _date_pb2.Date
    not_applied_quantity: int
    def __init__(self, block: _Optional[_Union[Block, _Mapping]] = ..., due_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., not_applied_quantity: _Optional[int] = ...) -> None: ...

class ListOverdueBlocksRequest(_message.Message):
    __slots__ = ("bin", "page_size", "page_token")
    BIN_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    bin: str
    page_size: int
    page_token: str
    def __init__(self, bin: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListOverdueBlocksResponse(_message.Message):
    __slots__ = ("blocks", "next_page_token")
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    blocks: _containers.RepeatedCompositeFieldContainer[OverdueBlock]
    next_page_token: str
    def __init__(self, blocks: _Optional[_Iterable[_Union[OverdueBlock, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
