import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_OPERATOR: _ClassVar[Role]
    ROLE_STATION: _ClassVar[Role]

class MovementKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MOVEMENT_KIND_UNSPECIFIED: _ClassVar[MovementKind]
    MOVEMENT_KIND_CREDIT: _ClassVar[MovementKind]
    MOVEMENT_KIND_RESERVE: _ClassVar[MovementKind]
    MOVEMENT_KIND_CAPTURE: _ClassVar[MovementKind]
    MOVEMENT_KIND_RELEASE: _ClassVar[MovementKind]
    MOVEMENT_KIND_ADJUST: _ClassVar[MovementKind]
    MOVEMENT_KIND_REFUND: _ClassVar[MovementKind]
    MOVEMENT_KIND_BANK_COST: _ClassVar[MovementKind]

class LedgerAccount(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEDGER_ACCOUNT_UNSPECIFIED: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_AVAILABLE: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_ESCROW: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_REVENUE: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_VAT: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_BANK: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_ADJUSTMENTS: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_BANK_COSTS: _ClassVar[LedgerAccount]
ROLE_UNSPECIFIED: Role
ROLE_OPERATOR: Role
ROLE_STATION: Role
MOVEMENT_KIND_UNSPECIFIED: MovementKind
MOVEMENT_KIND_CREDIT: MovementKind
MOVEMENT_KIND_RESERVE: MovementKind
MOVEMENT_KIND_CAPTURE: MovementKind
MOVEMENT_KIND_RELEASE: MovementKind
MOVEMENT_KIND_ADJUST: MovementKind
MOVEMENT_KIND_REFUND: MovementKind
MOVEMENT_KIND_BANK_COST: MovementKind
LEDGER_ACCOUNT_UNSPECIFIED: LedgerAccount
LEDGER_ACCOUNT_AVAILABLE: LedgerAccount
LEDGER_ACCOUNT_ESCROW: LedgerAccount
LEDGER_ACCOUNT_REVENUE: LedgerAccount
LEDGER_ACCOUNT_VAT: LedgerAccount
LEDGER_ACCOUNT_BANK: LedgerAccount
LEDGER_ACCOUNT_ADJUSTMENTS: LedgerAccount
LEDGER_ACCOUNT_BANK_COSTS: LedgerAccount

class Account(_message.Message):
    __slots__ = ("bin", "name", "registration_date", "activation_date", "available_tiyn", "reserved_tiyn", "credited_tiyn", "adjusted_tiyn", "captured_tiyn", "refunded_tiyn", "bank_costs_tiyn", "open_orders")
    BIN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_DATE_FIELD_NUMBER: _ClassVar[int]
    ACTIVATION_DATE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_TIYN_FIELD_NUMBER: _ClassVar[int]
    RESERVED_TIYN_FIELD_NUMBER: _ClassVar[int]
    CREDITED_TIYN_FIELD_NUMBER: _ClassVar[int]
    ADJUSTED_TIYN_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_TIYN_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_TIYN_FIELD_NUMBER: _ClassVar[int]
    BANK_COSTS_TIYN_FIELD_NUMBER: _ClassVar[int]
    OPEN_ORDERS_FIELD_NUMBER: _ClassVar[int]
    bin: str
    name: str
    registration_date: _date_pb2.Date
    activation_date: _date_pb2.Date
    available_tiyn: int
    reserved_tiyn: int
    credited_tiyn: int
    adjusted_tiyn: int
    captured_tiyn: int
    refunded_tiyn: int
    bank_costs_tiyn: int
    open_orders: int
    def __init__(self, bin: _Optional[str] = ..., name: _Optional[str] = ..., registration_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., activation_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., available_tiyn: _Optional[int] = ..., reserved_tiyn: _Optional[int] = ..., credited_tiyn: _Optional[int] = ..., adjusted_tiyn: _Optional[int] = ..., captured_tiyn: _Optional[int] = ..., refunded_tiyn: _Optional[int] = ..., bank_costs_tiyn: _Optional[int] = ..., open_orders: _Optional[int] = ...) -> None: ...

class AccessToken(_message.Message):
    __slots__ = ("token_id", "role", "bin", "label", "create_time", "expire_time", "revoke_time")
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVOKE_TIME_FIELD_NUMBER: _ClassVar[int]
    token_id: str
    role: Role
    bin: str
    label: str
    create_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    revoke_time: _timestamp_pb2.Timestamp
    def __init__(self, token_id: _Optional[str] = ..., role: _Optional[_Union[Role, str]] = ..., bin: _Optional[str] = ..., label: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoke_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Entry(_message.Message):
    __slots__ = ("account", "amount_tiyn")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_TIYN_FIELD_NUMBER: _ClassVar[int]
    account: LedgerAccount
    amount_tiyn: int
    def __init__(self, account: _Optional[_Union[LedgerAccount, str]] = ..., amount_tiyn: _Optional[int] = ...) -> None: ...

class Transaction(_message.Message):
    __slots__ = ("sequence", "create_time", "kind", "amount_tiyn", "net_tiyn", "vat_tiyn", "order_id", "gtin", "quantity", "reference", "entries")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_TIYN_FIELD_NUMBER: _ClassVar[int]
    NET_TIYN_FIELD_NUMBER: _ClassVar[int]
    VAT_TIYN_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    create_time: _timestamp_pb2.Timestamp
    kind: MovementKind
    amount_tiyn: int
    net_tiyn: int
    vat_tiyn: int
    order_id: str
    gtin: str
    quantity: int
    reference: str
    entries: _containers.RepeatedCompositeFieldContainer[Entry]
    def __init__(self, sequence: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[_Union[MovementKind, str]] = ..., amount_tiyn: _Optional[int] = ..., net_tiyn: _Optional[int] = ..., vat_tiyn: _Optional[int] = ..., order_id: _Optional[str] = ..., gtin: _Optional[str] = ..., quantity: _Optional[int] = ..., reference: _Optional[str] = ..., entries: _Optional[_Iterable[_Union[Entry, _Mapping]]] = ...) -> None: ...

class RegisterParticipantRequest(_message.Message):
    __slots__ = ("bin", "name", "registration_date")
    BIN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_DATE_FIELD_NUMBER: _ClassVar[int]
    bin: str
    name: str
    registration_date: _date_pb2.Date
    def __init__(self, bin: _Optional[str] = ..., name: _Optional[str] = ..., registration_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class RegisterParticipantResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class ActivateParticipantRequest(_message.Message):
    __slots__ = ("bin", "activation_date")
    BIN_FIELD_NUMBER: _ClassVar[int]
    ACTIVATION_DATE_FIELD_NUMBER: _ClassVar[int]
    bin: str
    activation_date: _date_pb2.Date
    def __init__(self, bin: _Optional[str] = ..., activation_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ActivateParticipantResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class CreditAccountRequest(_message.Message):
    __slots__ = ("bin", "amount_tiyn", "reference")
    BIN_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_TIYN_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    bin: str
    amount_tiyn: int
    reference: str
    def __init__(self, bin: _Optional[str] = ..., amount_tiyn: _Optional[int] = ..., reference: _Optional[str] = ...) -> None: ...

class CreditAccountResponse(_message.Message):
    __slots__ = ("account", "replayed")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    account: Account
    replayed: bool
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class IssueTokenRequest(_message.Message):
    __slots__ = ("role", "bin", "label", "lifetime")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    LIFETIME_FIELD_NUMBER: _ClassVar[int]
    role: Role
    bin: str
    label: str
    lifetime: _duration_pb2.Duration
    def __init__(self, role: _Optional[_Union[Role, str]] = ..., bin: _Optional[str] = ..., label: _Optional[str] = ..., lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class IssueTokenResponse(_message.Message):
    __slots__ = ("token", "access_token")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACCESS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    access_token: AccessToken
    def __init__(self, token: _Optional[str] = ..., access_token: _Optional[_Union[AccessToken, _Mapping]] = ...) -> None: ...

class ListTokensRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTokensResponse(_message.Message):
    __slots__ = ("access_tokens", "next_page_token")
    ACCESS_TOKENS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    access_tokens: _containers.RepeatedCompositeFieldContainer[AccessToken]
    next_page_token: str
    def __init__(self, access_tokens: _Optional[_Iterable[_Union[AccessToken, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RevokeTokenRequest(_message.Message):
    __slots__ = ("token_id",)
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    token_id: str
    def __init__(self, token_id: _Optional[str] = ...) -> None: ...

class RevokeTokenResponse(_message.Message):
    __slots__ = ("access_token",)
    ACCESS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    access_token: AccessToken
    def __init__(self, access_token: _Optional[_Union[AccessToken, _Mapping]] = ...) -> None: ...

class GetAccountRequest(_message.Message):
    __slots__ = ("bin",)
    BIN_FIELD_NUMBER: _ClassVar[int]
    bin: str
    def __init__(self, bin: _Optional[str] = ...) -> None: ...

class GetAccountResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class ListTransactionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "bin")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    bin: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., bin: _Optional[str] = ...) -> None: ...

class ListTransactionsResponse(_message.Message):
    __slots__ = ("transactions", "next_page_token")
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    transactions: _containers.RepeatedCompositeFieldContainer[Transaction]
    next_page_token: str
    def __init__(self, transactions: _Optional[_Iterable[_Union[Transaction, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
