from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PublicVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PUBLIC_VERDICT_UNSPECIFIED: _ClassVar[PublicVerdict]
    PUBLIC_VERDICT_GENUINE: _ClassVar[PublicVerdict]
    PUBLIC_VERDICT_NOT_GENUINE: _ClassVar[PublicVerdict]
    PUBLIC_VERDICT_UNREADABLE: _ClassVar[PublicVerdict]
    PUBLIC_VERDICT_WITHHELD: _ClassVar[PublicVerdict]

class GoodsState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GOODS_STATE_UNSPECIFIED: _ClassVar[GoodsState]
    GOODS_STATE_NOT_IN_CIRCULATION: _ClassVar[GoodsState]
    GOODS_STATE_IN_CIRCULATION: _ClassVar[GoodsState]
    GOODS_STATE_SOLD: _ClassVar[GoodsState]
    GOODS_STATE_WRITTEN_OFF: _ClassVar[GoodsState]
    GOODS_STATE_ANNULLED: _ClassVar[GoodsState]
PUBLIC_VERDICT_UNSPECIFIED: PublicVerdict
PUBLIC_VERDICT_GENUINE: PublicVerdict
PUBLIC_VERDICT_NOT_GENUINE: PublicVerdict
PUBLIC_VERDICT_UNREADABLE: PublicVerdict
PUBLIC_VERDICT_WITHHELD: PublicVerdict
GOODS_STATE_UNSPECIFIED: GoodsState
GOODS_STATE_NOT_IN_CIRCULATION: GoodsState
GOODS_STATE_IN_CIRCULATION: GoodsState
GOODS_STATE_SOLD: GoodsState
GOODS_STATE_WRITTEN_OFF: GoodsState
GOODS_STATE_ANNULLED: GoodsState

class CheckCodeRequest(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: bytes
    def __init__(self, code: _Optional[bytes] = ...) -> None: ...

class CheckCodeResponse(_message.Message):
    __slots__ = ("verdict", "message", "gtin", "product_name", "owner_name", "state", "product_name_kk")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_NAME_FIELD_NUMBER: _ClassVar[int]
    OWNER_NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_NAME_KK_FIELD_NUMBER: _ClassVar[int]
    verdict: PublicVerdict
    message: str
    gtin: str
    product_name: str
    owner_name: str
    state: GoodsState
    product_name_kk: str
    def __init__(self, verdict: _Optional[_Union[PublicVerdict, str]] = ..., message: _Optional[str] = ..., gtin: _Optional[str] = ..., product_name: _Optional[str] = ..., owner_name: _Optional[str] = ..., state: _Optional[_Union[GoodsState, str]] = ..., product_name_kk: _Optional[str] = ...) -> None: ...
