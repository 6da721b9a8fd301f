import datetime

from emitter.v1 import code_pb2 as _code_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DocumentKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOCUMENT_KIND_UNSPECIFIED: _ClassVar[DocumentKind]
    DOCUMENT_KIND_UTILISATION: _ClassVar[DocumentKind]
    DOCUMENT_KIND_INTRODUCTION: _ClassVar[DocumentKind]
    DOCUMENT_KIND_DROPOUT: _ClassVar[DocumentKind]
    DOCUMENT_KIND_WITHDRAWAL: _ClassVar[DocumentKind]
    DOCUMENT_KIND_RETURN: _ClassVar[DocumentKind]
    DOCUMENT_KIND_AGGREGATION: _ClassVar[DocumentKind]
    DOCUMENT_KIND_DISAGGREGATION: _ClassVar[DocumentKind]
    DOCUMENT_KIND_SHIPMENT: _ClassVar[DocumentKind]
    DOCUMENT_KIND_ACCEPTANCE: _ClassVar[DocumentKind]
    DOCUMENT_KIND_REJECTION: _ClassVar[DocumentKind]
    DOCUMENT_KIND_RECALL: _ClassVar[DocumentKind]

class ReportState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPORT_STATE_UNSPECIFIED: _ClassVar[ReportState]
    REPORT_STATE_ACCEPTED: _ClassVar[ReportState]
    REPORT_STATE_PARTLY_ACCEPTED: _ClassVar[ReportState]
    REPORT_STATE_REJECTED: _ClassVar[ReportState]

class Acceptance(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCEPTANCE_UNSPECIFIED: _ClassVar[Acceptance]
    ACCEPTANCE_WHOLE: _ClassVar[Acceptance]
    ACCEPTANCE_VALID: _ClassVar[Acceptance]

class IntroductionWay(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INTRODUCTION_WAY_UNSPECIFIED: _ClassVar[IntroductionWay]
    INTRODUCTION_WAY_PRODUCTION: _ClassVar[IntroductionWay]
    INTRODUCTION_WAY_IMPORT: _ClassVar[IntroductionWay]
    INTRODUCTION_WAY_REMAINS: _ClassVar[IntroductionWay]
    INTRODUCTION_WAY_CROSSBORDER: _ClassVar[IntroductionWay]
    INTRODUCTION_WAY_REMARK: _ClassVar[IntroductionWay]
    INTRODUCTION_WAY_CONTRACT_PRODUCTION: _ClassVar[IntroductionWay]
    INTRODUCTION_WAY_COMMISSION: _ClassVar[IntroductionWay]

class DropoutReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DROPOUT_REASON_UNSPECIFIED: _ClassVar[DropoutReason]
    DROPOUT_REASON_DEFECT: _ClassVar[DropoutReason]
    DROPOUT_REASON_EXPIRY: _ClassVar[DropoutReason]
    DROPOUT_REASON_QA_SAMPLES: _ClassVar[DropoutReason]
    DROPOUT_REASON_PRODUCT_RECALL: _ClassVar[DropoutReason]
    DROPOUT_REASON_COMPLAINTS: _ClassVar[DropoutReason]
    DROPOUT_REASON_PRODUCT_TESTING: _ClassVar[DropoutReason]
    DROPOUT_REASON_DEMO_SAMPLES: _ClassVar[DropoutReason]
    DROPOUT_REASON_DAMAGE_LOSS: _ClassVar[DropoutReason]
    DROPOUT_REASON_DESTRUCTION: _ClassVar[DropoutReason]
    DROPOUT_REASON_LIQUIDATION: _ClassVar[DropoutReason]
    DROPOUT_REASON_CONFISCATION: _ClassVar[DropoutReason]
    DROPOUT_REASON_OTHER: _ClassVar[DropoutReason]

class WithdrawalReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WITHDRAWAL_REASON_UNSPECIFIED: _ClassVar[WithdrawalReason]
    WITHDRAWAL_REASON_RETAIL_SALE: _ClassVar[WithdrawalReason]
    WITHDRAWAL_REASON_OWN_USE: _ClassVar[WithdrawalReason]
    WITHDRAWAL_REASON_EXPORT: _ClassVar[WithdrawalReason]
    WITHDRAWAL_REASON_DISTANCE_SALE: _ClassVar[WithdrawalReason]
    WITHDRAWAL_REASON_GIFT: _ClassVar[WithdrawalReason]
    WITHDRAWAL_REASON_OTHER: _ClassVar[WithdrawalReason]

class ReturnReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RETURN_REASON_UNSPECIFIED: _ClassVar[ReturnReason]
    RETURN_REASON_RETAIL_RETURN: _ClassVar[ReturnReason]
    RETURN_REASON_DISTANCE_RETURN: _ClassVar[ReturnReason]
    RETURN_REASON_MISTAKEN_WITHDRAWAL: _ClassVar[ReturnReason]
    RETURN_REASON_OTHER: _ClassVar[ReturnReason]
DOCUMENT_KIND_UNSPECIFIED: DocumentKind
DOCUMENT_KIND_UTILISATION: DocumentKind
DOCUMENT_KIND_INTRODUCTION: DocumentKind
DOCUMENT_KIND_DROPOUT: DocumentKind
DOCUMENT_KIND_WITHDRAWAL: DocumentKind
DOCUMENT_KIND_RETURN: DocumentKind
DOCUMENT_KIND_AGGREGATION: DocumentKind
DOCUMENT_KIND_DISAGGREGATION: DocumentKind
DOCUMENT_KIND_SHIPMENT: DocumentKind
DOCUMENT_KIND_ACCEPTANCE: DocumentKind
DOCUMENT_KIND_REJECTION: DocumentKind
DOCUMENT_KIND_RECALL: DocumentKind
REPORT_STATE_UNSPECIFIED: ReportState
REPORT_STATE_ACCEPTED: ReportState
REPORT_STATE_PARTLY_ACCEPTED: ReportState
REPORT_STATE_REJECTED: ReportState
ACCEPTANCE_UNSPECIFIED: Acceptance
ACCEPTANCE_WHOLE: Acceptance
ACCEPTANCE_VALID: Acceptance
INTRODUCTION_WAY_UNSPECIFIED: IntroductionWay
INTRODUCTION_WAY_PRODUCTION: IntroductionWay
INTRODUCTION_WAY_IMPORT: IntroductionWay
INTRODUCTION_WAY_REMAINS: IntroductionWay
INTRODUCTION_WAY_CROSSBORDER: IntroductionWay
INTRODUCTION_WAY_REMARK: IntroductionWay
INTRODUCTION_WAY_CONTRACT_PRODUCTION: IntroductionWay
INTRODUCTION_WAY_COMMISSION: IntroductionWay
DROPOUT_REASON_UNSPECIFIED: DropoutReason
DROPOUT_REASON_DEFECT: DropoutReason
DROPOUT_REASON_EXPIRY: DropoutReason
DROPOUT_REASON_QA_SAMPLES: DropoutReason
DROPOUT_REASON_PRODUCT_RECALL: DropoutReason
DROPOUT_REASON_COMPLAINTS: DropoutReason
DROPOUT_REASON_PRODUCT_TESTING: DropoutReason
DROPOUT_REASON_DEMO_SAMPLES: DropoutReason
DROPOUT_REASON_DAMAGE_LOSS: DropoutReason
DROPOUT_REASON_DESTRUCTION: DropoutReason
DROPOUT_REASON_LIQUIDATION: DropoutReason
DROPOUT_REASON_CONFISCATION: DropoutReason
DROPOUT_REASON_OTHER: DropoutReason
WITHDRAWAL_REASON_UNSPECIFIED: WithdrawalReason
WITHDRAWAL_REASON_RETAIL_SALE: WithdrawalReason
WITHDRAWAL_REASON_OWN_USE: WithdrawalReason
WITHDRAWAL_REASON_EXPORT: WithdrawalReason
WITHDRAWAL_REASON_DISTANCE_SALE: WithdrawalReason
WITHDRAWAL_REASON_GIFT: WithdrawalReason
WITHDRAWAL_REASON_OTHER: WithdrawalReason
RETURN_REASON_UNSPECIFIED: ReturnReason
RETURN_REASON_RETAIL_RETURN: ReturnReason
RETURN_REASON_DISTANCE_RETURN: ReturnReason
RETURN_REASON_MISTAKEN_WITHDRAWAL: ReturnReason
RETURN_REASON_OTHER: ReturnReason

class CodeSpan(_message.Message):
    __slots__ = ("order_id", "gtin", "first_index", "quantity")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    gtin: str
    first_index: int
    quantity: int
    def __init__(self, order_id: _Optional[str] = ..., gtin: _Optional[str] = ..., first_index: _Optional[int] = ..., quantity: _Optional[int] = ...) -> None: ...

class BlockReference(_message.Message):
    __slots__ = ("order_id", "gtin", "block_id")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    gtin: str
    block_id: str
    def __init__(self, order_id: _Optional[str] = ..., gtin: _Optional[str] = ..., block_id: _Optional[str] = ...) -> None: ...

class ReportDetails(_message.Message):
    __slots__ = ("production_date", "expiry_date", "production_line", "batch", "document_number", "document_date", "comment")
    PRODUCTION_DATE_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_DATE_FIELD_NUMBER: _ClassVar[int]
    PRODUCTION_LINE_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_DATE_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    production_date: _date_pb2.Date
    expiry_date: _date_pb2.Date
    production_line: str
    batch: str
    document_number: str
    document_date: _date_pb2.Date
    comment: str
    def __init__(self, production_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., expiry_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., production_line: _Optional[str] = ..., batch: _Optional[str] = ..., document_number: _Optional[str] = ..., document_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., comment: _Optional[str] = ...) -> None: ...

class Report(_message.Message):
    __slots__ = ("report_id", "kind", "state", "acceptance", "introduction_way", "dropout_reason", "withdrawal_reason", "return_reason", "create_time", "event_date", "code_count", "moved_count", "refused_count", "details", "details_json")
    REPORT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    INTRODUCTION_WAY_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_REASON_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWAL_REASON_FIELD_NUMBER: _ClassVar[int]
    RETURN_REASON_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_DATE_FIELD_NUMBER: _ClassVar[int]
    CODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MOVED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    DETAILS_JSON_FIELD_NUMBER: _ClassVar[int]
    report_id: str
    kind: DocumentKind
    state: ReportState
    acceptance: Acceptance
    introduction_way: IntroductionWay
    dropout_reason: DropoutReason
    withdrawal_reason: WithdrawalReason
    return_reason: ReturnReason
    create_time: _timestamp_pb2.Timestamp
    event_date: _date_pb2.Date
    code_count: int
    moved_count: int
    refused_count: int
    details: ReportDetails
    details_json: str
    def __init__(self, report_id: _Optional[str] = ..., kind: _Optional[_Union[DocumentKind, str]] = ..., state: _Optional[_Union[ReportState, str]] = ..., acceptance: _Optional[_Union[Acceptance, str]] = ..., introduction_way: _Optional[_Union[IntroductionWay, str]] = ..., dropout_reason: _Optional[_Union[DropoutReason, str]] = ..., withdrawal_reason: _Optional[_Union[WithdrawalReason, str]] = ..., return_reason: _Optional[_Union[ReturnReason, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., code_count: _Optional[int] = ..., moved_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., details: _Optional[_Union[ReportDetails, _Mapping]] = ..., details_json: _Optional[str] = ...) -> None: ...

class MovedCodes(_message.Message):
    __slots__ = ("order_id", "gtin", "first_index", "quantity")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    gtin: str
    first_index: int
    quantity: int
    def __init__(self, order_id: _Optional[str] = ..., gtin: _Optional[str] = ..., first_index: _Optional[int] = ..., quantity: _Optional[int] = ...) -> None: ...

class RefusedCodes(_message.Message):
    __slots__ = ("item", "reason", "state", "utilised", "order_id", "gtin", "first_index", "quantity", "identification_codes")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    UTILISED_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    IDENTIFICATION_CODES_FIELD_NUMBER: _ClassVar[int]
    item: int
    reason: _code_pb2.CodeReason
    state: _code_pb2.CodeState
    utilised: bool
    order_id: str
    gtin: str
    first_index: int
    quantity: int
    identification_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, item: _Optional[int] = ..., reason: _Optional[_Union[_code_pb2.CodeReason, str]] = ..., state: _Optional[_Union[_code_pb2.CodeState, str]] = ..., utilised: _Optional[bool] = ..., order_id: _Optional[str] = ..., gtin: _Optional[str] = ..., first_index: _Optional[int] = ..., quantity: _Optional[int] = ..., identification_codes: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateReportRequest(_message.Message):
    __slots__ = ("request_id", "bin", "kind", "introduction_way", "dropout_reason", "withdrawal_reason", "return_reason", "acceptance", "event_date", "codes", "spans", "blocks", "details", "boxes", "transfers")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    INTRODUCTION_WAY_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_REASON_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWAL_REASON_FIELD_NUMBER: _ClassVar[int]
    RETURN_REASON_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_DATE_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    BOXES_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    bin: str
    kind: DocumentKind
    introduction_way: IntroductionWay
    dropout_reason: DropoutReason
    withdrawal_reason: WithdrawalReason
    return_reason: ReturnReason
    acceptance: Acceptance
    event_date: _date_pb2.Date
    codes: bytes
    spans: _containers.RepeatedCompositeFieldContainer[CodeSpan]
    blocks: _containers.RepeatedCompositeFieldContainer[BlockReference]
    details: ReportDetails
    boxes: _containers.RepeatedScalarFieldContainer[str]
    transfers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[str] = ..., bin: _Optional[str] = ..., kind: _Optional[_Union[DocumentKind, str]] = ..., introduction_way: _Optional[_Union[IntroductionWay, str]] = ..., dropout_reason: _Optional[_Union[DropoutReason, str]] = ..., withdrawal_reason: _Optional[_Union[WithdrawalReason, str]] = ..., return_reason: _Optional[_Union[ReturnReason, str]] = ..., acceptance: _Optional[_Union[Acceptance, str]] = ..., event_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., codes: _Optional[bytes] = ..., spans: _Optional[_Iterable[_Union[CodeSpan, _Mapping]]] = ..., blocks: _Optional[_Iterable[_Union[BlockReference, _Mapping]]] = ..., details: _Optional[_Union[ReportDetails, _Mapping]] = ..., boxes: _Optional[_Iterable[str]] = ..., transfers: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateReportResponse(_message.Message):
    __slots__ = ("report", "replayed")
    REPORT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    report: Report
    replayed: bool
    def __init__(self, report: _Optional[_Union[Report, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class GetReportRequest(_message.Message):
    __slots__ = ("report_id", "bin")
    REPORT_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    report_id: str
    bin: str
    def __init__(self, report_id: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class GetReportResponse(_message.Message):
    __slots__ = ("report",)
    REPORT_FIELD_NUMBER: _ClassVar[int]
    report: Report
    def __init__(self, report: _Optional[_Union[Report, _Mapping]] = ...) -> None: ...

class ListReportsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "bin")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    bin: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class ListReportsResponse(_message.Message):
    __slots__ = ("reports", "next_page_token")
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    reports: _containers.RepeatedCompositeFieldContainer[Report]
    next_page_token: str
    def __init__(self, reports: _Optional[_Iterable[_Union[Report, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListReportCodesRequest(_message.Message):
    __slots__ = ("report_id", "page_size", "page_token", "bin")
    REPORT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    report_id: str
    page_size: int
    page_token: str
    bin: str
    def __init__(self, report_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class ListReportCodesResponse(_message.Message):
    __slots__ = ("moved", "refused", "next_page_token")
    MOVED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    moved: _containers.RepeatedCompositeFieldContainer[MovedCodes]
    refused: _containers.RepeatedCompositeFieldContainer[RefusedCodes]
    next_page_token: str
    def __init__(self, moved: _Optional[_Iterable[_Union[MovedCodes, _Mapping]]] = ..., refused: _Optional[_Iterable[_Union[RefusedCodes, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
