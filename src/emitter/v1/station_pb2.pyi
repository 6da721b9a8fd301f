import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SignaturePolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGNATURE_POLICY_UNSPECIFIED: _ClassVar[SignaturePolicy]
    SIGNATURE_POLICY_OPTIONAL: _ClassVar[SignaturePolicy]
    SIGNATURE_POLICY_CHANGES: _ClassVar[SignaturePolicy]
    SIGNATURE_POLICY_ALWAYS: _ClassVar[SignaturePolicy]
SIGNATURE_POLICY_UNSPECIFIED: SignaturePolicy
SIGNATURE_POLICY_OPTIONAL: SignaturePolicy
SIGNATURE_POLICY_CHANGES: SignaturePolicy
SIGNATURE_POLICY_ALWAYS: SignaturePolicy

class Connection(_message.Message):
    __slots__ = ("connection_id", "oms_id", "bin", "name", "address", "signature_policy", "create_time", "token_expire_time", "has_token")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    OMS_ID_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_POLICY_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    TOKEN_EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    HAS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    oms_id: str
    bin: str
    name: str
    address: str
    signature_policy: SignaturePolicy
    create_time: _timestamp_pb2.Timestamp
    token_expire_time: _timestamp_pb2.Timestamp
    has_token: bool
    def __init__(self, connection_id: _Optional[str] = ..., oms_id: _Optional[str] = ..., bin: _Optional[str] = ..., name: _Optional[str] = ..., address: _Optional[str] = ..., signature_policy: _Optional[_Union[SignaturePolicy, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., token_expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., has_token: _Optional[bool] = ...) -> None: ...

class RegisterStationRequest(_message.Message):
    __slots__ = ("bin", "name", "signature_policy")
    BIN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_POLICY_FIELD_NUMBER: _ClassVar[int]
    bin: str
    name: str
    signature_policy: SignaturePolicy
    def __init__(self, bin: _Optional[str] = ..., name: _Optional[str] = ..., signature_policy: _Optional[_Union[SignaturePolicy, str]] = ...) -> None: ...

class RegisterStationResponse(_message.Message):
    __slots__ = ("oms_id", "registration_key")
    OMS_ID_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_KEY_FIELD_NUMBER: _ClassVar[int]
    oms_id: str
    registration_key: str
    def __init__(self, oms_id: _Optional[str] = ..., registration_key: _Optional[str] = ...) -> None: ...

class OpenConnectionRequest(_message.Message):
    __slots__ = ("oms_id", "name", "signature_policy")
    OMS_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_POLICY_FIELD_NUMBER: _ClassVar[int]
    oms_id: str
    name: str
    signature_policy: SignaturePolicy
    def __init__(self, oms_id: _Optional[str] = ..., name: _Optional[str] = ..., signature_policy: _Optional[_Union[SignaturePolicy, str]] = ...) -> None: ...

class OpenConnectionResponse(_message.Message):
    __slots__ = ("connection",)
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    connection: Connection
    def __init__(self, connection: _Optional[_Union[Connection, _Mapping]] = ...) -> None: ...

class IssueClientTokenRequest(_message.Message):
    __slots__ = ("connection_id",)
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    def __init__(self, connection_id: _Optional[str] = ...) -> None: ...

class IssueClientTokenResponse(_message.Message):
    __slots__ = ("client_token",)
    CLIENT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    client_token: str
    def __init__(self, client_token: _Optional[str] = ...) -> None: ...

class ListConnectionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListConnectionsResponse(_message.Message):
    __slots__ = ("connections", "next_page_token")
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    connections: _containers.RepeatedCompositeFieldContainer[Connection]
    next_page_token: str
    def __init__(self, connections: _Optional[_Iterable[_Union[Connection, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
