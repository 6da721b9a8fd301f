from emitter.v1 import code_pb2 as _code_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LabelForm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LABEL_FORM_UNSPECIFIED: _ClassVar[LabelForm]
    LABEL_FORM_PNG: _ClassVar[LabelForm]
    LABEL_FORM_SVG: _ClassVar[LabelForm]
    LABEL_FORM_BITMAP: _ClassVar[LabelForm]
    LABEL_FORM_ZPL: _ClassVar[LabelForm]
    LABEL_FORM_PDF: _ClassVar[LabelForm]
    LABEL_FORM_CSV: _ClassVar[LabelForm]
    LABEL_FORM_TEXT: _ClassVar[LabelForm]
LABEL_FORM_UNSPECIFIED: LabelForm
LABEL_FORM_PNG: LabelForm
LABEL_FORM_SVG: LabelForm
LABEL_FORM_BITMAP: LabelForm
LABEL_FORM_ZPL: LabelForm
LABEL_FORM_PDF: LabelForm
LABEL_FORM_CSV: LabelForm
LABEL_FORM_TEXT: LabelForm

class RenderLabelsRequest(_message.Message):
    __slots__ = ("order_id", "gtin", "block_id", "quantity", "from_index", "count", "form", "design_name", "design_text", "product")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    FROM_INDEX_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    DESIGN_NAME_FIELD_NUMBER: _ClassVar[int]
    DESIGN_TEXT_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    gtin: str
    block_id: str
    quantity: int
    from_index: int
    count: int
    form: LabelForm
    design_name: str
    design_text: str
    product: str
    def __init__(self, order_id: _Optional[str] = ..., gtin: _Optional[str] = ..., block_id: _Optional[str] = ..., quantity: _Optional[int] = ..., from_index: _Optional[int] = ..., count: _Optional[int] = ..., form: _Optional[_Union[LabelForm, str]] = ..., design_name: _Optional[str] = ..., design_text: _Optional[str] = ..., product: _Optional[str] = ...) -> None: ...

class RenderLabelsResponse(_message.Message):
    __slots__ = ("block", "replayed", "first_index", "count", "ends", "modules", "module_dots", "sha256", "data")
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ENDS_FIELD_NUMBER: _ClassVar[int]
    MODULES_FIELD_NUMBER: _ClassVar[int]
    MODULE_DOTS_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    block: _code_pb2.Block
    replayed: bool
    first_index: int
    count: int
    ends: _containers.RepeatedScalarFieldContainer[int]
    modules: int
    module_dots: int
    sha256: bytes
    data: bytes
    def __init__(self, block: _Optional[_Union[_code_pb2.Block, _Mapping]] = ..., replayed: _Optional[bool] = ..., first_index: _Optional[int] = ..., count: _Optional[int] = ..., ends: _Optional[_Iterable[int]] = ..., modules: _Optional[int] = ..., module_dots: _Optional[int] = ..., sha256: _Optional[bytes] = ..., data: _Optional[bytes] = ...) -> None: ...
