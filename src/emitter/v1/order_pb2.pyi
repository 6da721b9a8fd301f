import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OrderState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_STATE_UNSPECIFIED: _ClassVar[OrderState]
    ORDER_STATE_CREATED: _ClassVar[OrderState]
    ORDER_STATE_PENDING: _ClassVar[OrderState]
    ORDER_STATE_DECLINED: _ClassVar[OrderState]
    ORDER_STATE_APPROVED: _ClassVar[OrderState]
    ORDER_STATE_READY: _ClassVar[OrderState]
    ORDER_STATE_CLOSED: _ClassVar[OrderState]
    ORDER_STATE_EXPIRED: _ClassVar[OrderState]

class BufferState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BUFFER_STATE_UNSPECIFIED: _ClassVar[BufferState]
    BUFFER_STATE_PENDING: _ClassVar[BufferState]
    BUFFER_STATE_ACTIVE: _ClassVar[BufferState]
    BUFFER_STATE_EXHAUSTED: _ClassVar[BufferState]
    BUFFER_STATE_REJECTED: _ClassVar[BufferState]
    BUFFER_STATE_CLOSED: _ClassVar[BufferState]
    BUFFER_STATE_EXPIRED: _ClassVar[BufferState]

class ProductGroup(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRODUCT_GROUP_UNSPECIFIED: _ClassVar[ProductGroup]
    PRODUCT_GROUP_SHOES: _ClassVar[ProductGroup]
    PRODUCT_GROUP_TOBACCO: _ClassVar[ProductGroup]
    PRODUCT_GROUP_PHARMA: _ClassVar[ProductGroup]
    PRODUCT_GROUP_TIRES: _ClassVar[ProductGroup]
    PRODUCT_GROUP_CAMERAS: _ClassVar[ProductGroup]
    PRODUCT_GROUP_PERFUMERY: _ClassVar[ProductGroup]
    PRODUCT_GROUP_LIGHT_INDUSTRY: _ClassVar[ProductGroup]
    PRODUCT_GROUP_BICYCLES: _ClassVar[ProductGroup]
    PRODUCT_GROUP_MEDICAL: _ClassVar[ProductGroup]
    PRODUCT_GROUP_WATER: _ClassVar[ProductGroup]
    PRODUCT_GROUP_BEER: _ClassVar[ProductGroup]
    PRODUCT_GROUP_MILK: _ClassVar[ProductGroup]

class SerialSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SERIAL_SOURCE_UNSPECIFIED: _ClassVar[SerialSource]
    SERIAL_SOURCE_OPERATOR: _ClassVar[SerialSource]
    SERIAL_SOURCE_SELF_MADE: _ClassVar[SerialSource]
ORDER_STATE_UNSPECIFIED: OrderState
ORDER_STATE_CREATED: OrderState
ORDER_STATE_PENDING: OrderState
ORDER_STATE_DECLINED: OrderState
ORDER_STATE_APPROVED: OrderState
ORDER_STATE_READY: OrderState
ORDER_STATE_CLOSED: OrderState
ORDER_STATE_EXPIRED: OrderState
BUFFER_STATE_UNSPECIFIED: BufferState
BUFFER_STATE_PENDING: BufferState
BUFFER_STATE_ACTIVE: BufferState
BUFFER_STATE_EXHAUSTED: BufferState
BUFFER_STATE_REJECTED: BufferState
BUFFER_STATE_CLOSED: BufferState
BUFFER_STATE_EXPIRED: BufferState
PRODUCT_GROUP_UNSPECIFIED: ProductGroup
PRODUCT_GROUP_SHOES: ProductGroup
PRODUCT_GROUP_TOBACCO: ProductGroup
PRODUCT_GROUP_PHARMA: ProductGroup
PRODUCT_GROUP_TIRES: ProductGroup
PRODUCT_GROUP_CAMERAS: ProductGroup
PRODUCT_GROUP_PERFUMERY: ProductGroup
PRODUCT_GROUP_LIGHT_INDUSTRY: ProductGroup
PRODUCT_GROUP_BICYCLES: ProductGroup
PRODUCT_GROUP_MEDICAL: ProductGroup
PRODUCT_GROUP_WATER: ProductGroup
PRODUCT_GROUP_BEER: ProductGroup
PRODUCT_GROUP_MILK: ProductGroup
SERIAL_SOURCE_UNSPECIFIED: SerialSource
SERIAL_SOURCE_OPERATOR: SerialSource
SERIAL_SOURCE_SELF_MADE: SerialSource

class OrderLine(_message.Message):
    __slots__ = ("gtin", "quantity", "template_id", "price_tiyn", "serial_numbers")
    GTIN_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_TIYN_FIELD_NUMBER: _ClassVar[int]
    SERIAL_NUMBERS_FIELD_NUMBER: _ClassVar[int]
    gtin: str
    quantity: int
    template_id: int
    price_tiyn: int
    serial_numbers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, gtin: _Optional[str] = ..., quantity: _Optional[int] = ..., template_id: _Optional[int] = ..., price_tiyn: _Optional[int] = ..., serial_numbers: _Optional[_Iterable[str]] = ...) -> None: ...

class Buffer(_message.Message):
    __slots__ = ("gtin", "template_id", "state", "quantity", "delivered_quantity", "left_quantity", "price_tiyn", "tariff_net_tiyn", "vat_basis_points", "record_size", "serial_source")
    GTIN_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    LEFT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PRICE_TIYN_FIELD_NUMBER: _ClassVar[int]
    TARIFF_NET_TIYN_FIELD_NUMBER: _ClassVar[int]
    VAT_BASIS_POINTS_FIELD_NUMBER: _ClassVar[int]
    RECORD_SIZE_FIELD_NUMBER: _ClassVar[int]
    SERIAL_SOURCE_FIELD_NUMBER: _ClassVar[int]
    gtin: str
    template_id: int
    state: BufferState
    quantity: int
    delivered_quantity: int
    left_quantity: int
    price_tiyn: int
    tariff_net_tiyn: int
    vat_basis_points: int
    record_size: int
    serial_source: SerialSource
    def __init__(self, gtin: _Optional[str] = ..., template_id: _Optional[int] = ..., state: _Optional[_Union[BufferState, str]] = ..., quantity: _Optional[int] = ..., delivered_quantity: _Optional[int] = ..., left_quantity: _Optional[int] = ..., price_tiyn: _Optional[int] = ..., tariff_net_tiyn: _Optional[int] = ..., vat_basis_points: _Optional[int] = ..., record_size: _Optional[int] = ..., serial_source: _Optional[_Union[SerialSource, str]] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("order_id", "state", "product_group", "buffers", "create_time", "close_time", "gross_tiyn", "reserved_tiyn", "captured_tiyn", "released_tiyn")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_GROUP_FIELD_NUMBER: _ClassVar[int]
    BUFFERS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    GROSS_TIYN_FIELD_NUMBER: _ClassVar[int]
    RESERVED_TIYN_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_TIYN_FIELD_NUMBER: _ClassVar[int]
    RELEASED_TIYN_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    state: OrderState
    product_group: ProductGroup
    buffers: _containers.RepeatedCompositeFieldContainer[Buffer]
    create_time: _timestamp_pb2.Timestamp
    close_time: _timestamp_pb2.Timestamp
    gross_tiyn: int
    reserved_tiyn: int
    captured_tiyn: int
    released_tiyn: int
    def __init__(self, order_id: _Optional[str] = ..., state: _Optional[_Union[OrderState, str]] = ..., product_group: _Optional[_Union[ProductGroup, str]] = ..., buffers: _Optional[_Iterable[_Union[Buffer, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., gross_tiyn: _Optional[int] = ..., reserved_tiyn: _Optional[int] = ..., captured_tiyn: _Optional[int] = ..., released_tiyn: _Optional[int] = ...) -> None: ...

class CreateOrderRequest(_message.Message):
    __slots__ = ("request_id", "lines")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    lines: _containers.RepeatedCompositeFieldContainer[OrderLine]
    def __init__(self, request_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[OrderLine, _Mapping]]] = ...) -> None: ...

class CreateOrderResponse(_message.Message):
    __slots__ = ("order", "replayed")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    order: Order
    replayed: bool
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class StreamOrdersRequest(_message.Message):
    __slots__ = ("request_id", "lines")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    lines: _containers.RepeatedCompositeFieldContainer[OrderLine]
    def __init__(self, request_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[OrderLine, _Mapping]]] = ...) -> None: ...

class StreamOrdersResponse(_message.Message):
    __slots__ = ("request_id", "order", "error", "replayed")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order: Order
    error: _status_pb2.Status
    replayed: bool
    def __init__(self, request_id: _Optional[str] = ..., order: _Optional[_Union[Order, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class BatchCreateOrdersRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[CreateOrderRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[CreateOrderRequest, _Mapping]]] = ...) -> None: ...

class BatchCreateOrdersResponse(_message.Message):
    __slots__ = ("verdicts",)
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    verdicts: _containers.RepeatedCompositeFieldContainer[OrderVerdict]
    def __init__(self, verdicts: _Optional[_Iterable[_Union[OrderVerdict, _Mapping]]] = ...) -> None: ...

class OrderVerdict(_message.Message):
    __slots__ = ("request_id", "order", "error", "replayed")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order: Order
    error: _status_pb2.Status
    replayed: bool
    def __init__(self, request_id: _Optional[str] = ..., order: _Optional[_Union[Order, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class GetOrderRequest(_message.Message):
    __slots__ = ("order_id", "bin")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    bin: str
    def __init__(self, order_id: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class GetOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class ListOrdersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "bin")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    bin: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class ListOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_page_token")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    next_page_token: str
    def __init__(self, orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CloseOrderRequest(_message.Message):
    __slots__ = ("request_id", "order_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order_id: str
    def __init__(self, request_id: _Optional[str] = ..., order_id: _Optional[str] = ...) -> None: ...

class CloseOrderResponse(_message.Message):
    __slots__ = ("order", "replayed")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    order: Order
    replayed: bool
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class CloseBufferRequest(_message.Message):
    __slots__ = ("request_id", "order_id", "gtin")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order_id: str
    gtin: str
    def __init__(self, request_id: _Optional[str] = ..., order_id: _Optional[str] = ..., gtin: _Optional[str] = ...) -> None: ...

class CloseBufferResponse(_message.Message):
    __slots__ = ("order", "replayed")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    order: Order
    replayed: bool
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class ExpireOrdersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ExpireOrdersResponse(_message.Message):
    __slots__ = ("orders", "codes")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    orders: int
    codes: int
    def __init__(self, orders: _Optional[int] = ..., codes: _Optional[int] = ...) -> None: ...

class ArchiveOrdersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ArchiveOrdersResponse(_message.Message):
    __slots__ = ("rows", "bytes")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    rows: int
    bytes: int
    def __init__(self, rows: _Optional[int] = ..., bytes: _Optional[int] = ...) -> None: ...
