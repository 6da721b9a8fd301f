import datetime

from emitter.v1 import order_pb2 as _order_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Product(_message.Message):
    __slots__ = ("gtin", "name_ru", "name_kk", "product_group", "tnved_code", "bin", "create_time", "update_time")
    GTIN_FIELD_NUMBER: _ClassVar[int]
    NAME_RU_FIELD_NUMBER: _ClassVar[int]
    NAME_KK_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_GROUP_FIELD_NUMBER: _ClassVar[int]
    TNVED_CODE_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    gtin: str
    name_ru: str
    name_kk: str
    product_group: _order_pb2.ProductGroup
    tnved_code: str
    bin: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, gtin: _Optional[str] = ..., name_ru: _Optional[str] = ..., name_kk: _Optional[str] = ..., product_group: _Optional[_Union[_order_pb2.ProductGroup, str]] = ..., tnved_code: _Optional[str] = ..., bin: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RegisterProductsRequest(_message.Message):
    __slots__ = ("bin", "products", "validate_only")
    BIN_FIELD_NUMBER: _ClassVar[int]
    PRODUCTS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    bin: str
    products: _containers.RepeatedCompositeFieldContainer[Product]
    validate_only: bool
    def __init__(self, bin: _Optional[str] = ..., products: _Optional[_Iterable[_Union[Product, _Mapping]]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class RegisterProductsResponse(_message.Message):
    __slots__ = ("verdicts",)
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    verdicts: _containers.RepeatedCompositeFieldContainer[ProductVerdict]
    def __init__(self, verdicts: _Optional[_Iterable[_Union[ProductVerdict, _Mapping]]] = ...) -> None: ...

class ProductVerdict(_message.Message):
    __slots__ = ("gtin", "product", "error")
    GTIN_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    gtin: str
    product: Product
    error: _status_pb2.Status
    def __init__(self, gtin: _Optional[str] = ..., product: _Optional[_Union[Product, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetProductRequest(_message.Message):
    __slots__ = ("gtin",)
    GTIN_FIELD_NUMBER: _ClassVar[int]
    gtin: str
    def __init__(self, gtin: _Optional[str] = ...) -> None: ...

class GetProductResponse(_message.Message):
    __slots__ = ("product",)
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    product: Product
    def __init__(self, product: _Optional[_Union[Product, _Mapping]] = ...) -> None: ...

class ListProductsRequest(_message.Message):
    __slots__ = ("bin", "page_size", "page_token")
    BIN_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    bin: str
    page_size: int
    page_token: str
    def __init__(self, bin: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListProductsResponse(_message.Message):
    __slots__ = ("products", "next_page_token")
    PRODUCTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    products: _containers.RepeatedCompositeFieldContainer[Product]
    next_page_token: str
    def __init__(self, products: _Optional[_Iterable[_Union[Product, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
