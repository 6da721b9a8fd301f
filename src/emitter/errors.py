"""Every way the engine says no: one table of reasons, one exception that carries a reason.

Three kinds never mix. A *programmer error* is ``ValueError`` or ``AssertionError``. A *refusal* is
`Refused` with a `Reason` of the table below. *Weather* (disk, network, load) is a reason whose
``retry`` is true, or an exception of the store.

Of several broken rules the first is reported: who calls, form, a repeat that is not one, presence,
state, and money last; within a block of the table, in table order. Values are wire values and stay
for ever; the core answers the values of the first block (``native/reasons.h``), which a test
compares with this table.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reason tells a client: gRPC code, HTTP status, whether a repeat helps, text."""

    grpc: str
    http: int
    retry: bool
    en: str
    ru: str


class Reason(enum.IntEnum):
    """Why a command or a code was refused; `OK` is the one value that is no refusal."""

    meaning: Meaning

    def __new__(  # the defaults are for a look-up by value, which passes nothing else
        cls,
        value: int,
        grpc: str = "",
        http: int = 0,
        retry: bool = False,  # noqa: FBT001, FBT002
        en: str = "",
        ru: str = "",
    ) -> Self:
        self = int.__new__(cls, value)
        self._value_ = value
        self.meaning = Meaning(grpc, http, retry, en, ru)
        return self

    OK = (0, "OK", 200, False, "", "")

    # One code: answered by the core.
    CODE_UNPARSABLE = (
        1, "INVALID_ARGUMENT", 400, False,
        "The text is not a marking code of any template.",
        "Текст не является кодом маркировки ни по одному шаблону.")
    CODE_GTIN_INVALID = (
        2, "INVALID_ARGUMENT", 400, False,
        "The check digit of the GTIN in the code is wrong.",
        "Неверная контрольная цифра GTIN в коде.")
    CODE_OTHER_OPERATOR = (
        3, "NOT_FOUND", 404, False,
        "The first character of the serial names another country of emission.",
        "Первый символ серийного номера указывает на другую страну эмиссии.")
    CODE_UNKNOWN_GTIN = (
        4, "NOT_FOUND", 404, False,
        "No codes of this form have been issued for the GTIN.",
        "Для этого GTIN коды такой формы не эмитировались.")
    CODE_NEVER_ISSUED = (
        5, "NOT_FOUND", 404, False,
        "The serial has never been issued.",
        "Такой серийный номер не эмитировался.")
    CODE_FORGED = (
        6, "NOT_FOUND", 404, False,
        "The check code is not the one that was issued with the serial.",
        "Код проверки не соответствует выданному с этим серийным номером.")
    CODE_TOO_LONG = (
        7, "INVALID_ARGUMENT", 400, False,
        "The code does not fit into a DataMatrix symbol of the asked size.",
        "Код не помещается в символ DataMatrix заданного размера.")

    # One code: answered by the engine where a report would move it.
    CODE_MOVE_REFUSED = (
        8, "FAILED_PRECONDITION", 409, False,
        "The state of the code does not allow the move.",
        "Состояние кода не допускает этого действия.")
    CODE_NOT_OWNED = (
        9, "NOT_FOUND", 404, False,
        "The participant has no such code.",
        "У участника нет такого кода.")
    CODE_REPEATED = (
        10, "INVALID_ARGUMENT", 400, False,
        "The code occurs more than once in the report.",
        "Код указан в отчёте более одного раза.")
    CODE_BOXED = (
        11, "FAILED_PRECONDITION", 409, False,
        "The code lies in a box: name the box, or take the code out first.",
        "Код находится в упаковке: укажите упаковку или сначала извлеките код.")
    CODE_IN_TRANSIT = (
        12, "FAILED_PRECONDITION", 409, False,
        "The code is shipped to another participant who has not answered yet.",
        "Код отгружен другому участнику, который ещё не ответил.")
    CODE_UTILISED_ALREADY = (
        13, "FAILED_PRECONDITION", 409, False,
        "The utilisation of the code has been reported before.",
        "Нанесение кода уже было указано в другом отчёте.")
    CODE_UNBOXED = (
        14, "FAILED_PRECONDITION", 409, False,
        "It lies in no box.",
        "Не находится ни в какой упаковке.")
    CODE_NOT_SHIPPED = (
        15, "NOT_FOUND", 404, False,
        "The code is not among those shipped by this transfer.",
        "Этого кода нет в данной отгрузке.")

    # The core's batch of money movements.
    FUNDS_INSUFFICIENT = (
        16, "FAILED_PRECONDITION", 409, False,
        "Available money does not cover the order: {missing_tiyn} tiyn are missing. After a top-up"
        " send the order with a new request_id.",
        "Доступных денег не хватает: недостаёт {missing_tiyn} тиын. После пополнения отправьте"
        " заявку с новым request_id.")
    ESCROW_INSUFFICIENT = (
        17, "INTERNAL", 500, False,
        "The order's reserve does not cover the movement.",
        "Резерв заявки меньше суммы операции.")
    AMOUNT_OUT_OF_RANGE = (
        18, "INVALID_ARGUMENT", 400, False,
        "{field}: the amount must be from 1 to {limit} tiyn.",
        "{field}: сумма должна быть от 1 до {limit} тиын.")

    # Who calls.
    UNAUTHENTICATED = (
        32, "UNAUTHENTICATED", 401, False,
        "A valid bearer token is required.",
        "Нужен действующий токен доступа.")
    PERMISSION_DENIED = (
        33, "PERMISSION_DENIED", 403, False,
        "The call needs the role {role}.",
        "Для вызова нужна роль {role}.")
    CODE_WITHHELD = (
        39, "PERMISSION_DENIED", 429, False,
        "Too many wrong four-character checks: until the next hour no verdict on such codes is"
        " given, right or wrong.",
        "Слишком много неверных четырёхсимвольных проверок: до следующего часа вердикт по таким"
        " кодам, верным или нет, не выдаётся.")
    TOKEN_MISFIT = (
        34, "PERMISSION_DENIED", 400, False,
        "The clientToken does not belong to omsId {oms_id}.",
        "Токен clientToken не относится к omsId {oms_id}.")
    REGISTRATION_KEY_INVALID = (
        35, "UNAUTHENTICATED", 401, False,
        "X-RegistrationKey is not the key of this station.",
        "X-RegistrationKey не является ключом этой станции.")
    SIGNATURE_REQUIRED = (
        36, "UNAUTHENTICATED", 401, False,
        "The call must be signed: X-Signature with a detached CMS signature in base64.",
        "Запрос должен быть подписан: X-Signature с откреплённой подписью CMS в base64.")
    SIGNATURE_INVALID = (
        37, "UNAUTHENTICATED", 401, False,
        "The signature is not accepted ({rule}).",
        "Подпись не принята ({rule}).")
    SIGNATURE_ATTACHED = (
        38, "INVALID_ARGUMENT", 413, False,
        "X-Signature holds the signed data: a detached signature is required.",
        "X-Signature содержит сами данные: нужна откреплённая подпись.")
    TOKEN_REVOKED = (
        40, "UNAUTHENTICATED", 401, False,
        "The token {token_id} was revoked.",
        "Токен {token_id} отозван.")
    TOKEN_EXPIRED = (
        41, "UNAUTHENTICATED", 401, False,
        "The token {token_id} has expired.",
        "Срок действия токена {token_id} истёк.")

    # The form of a request.
    FIELD_REQUIRED = (
        48, "INVALID_ARGUMENT", 400, False,
        "{field} is required.",
        "Поле {field} обязательно.")
    FIELD_INVALID = (
        49, "INVALID_ARGUMENT", 400, False,
        "{field}: {rule}.",
        "{field}: {rule}.")
    GTIN_INVALID = (
        50, "INVALID_ARGUMENT", 400, False,
        "{field}: a GTIN has 14 digits and a valid check digit.",
        "{field}: GTIN состоит из 14 цифр с верной контрольной цифрой.")
    BIN_INVALID = (
        51, "INVALID_ARGUMENT", 400, False,
        "{field}: a BIN or IIN has 12 digits and a valid check digit.",
        "{field}: БИН/ИИН состоит из 12 цифр с верной контрольной цифрой.")
    QUANTITY_OUT_OF_RANGE = (
        52, "INVALID_ARGUMENT", 400, False,
        "{field}: the quantity must be from {least} to {limit}.",
        "{field}: количество должно быть от {least} до {limit}.")
    TEMPLATE_UNKNOWN = (
        53, "INVALID_ARGUMENT", 400, False,
        "{field}: there is no template {template_id}.",
        "{field}: шаблона {template_id} нет.")
    GROUP_MIXED = (
        54, "INVALID_ARGUMENT", 400, False,
        "{field}: the templates of one order belong to one product group.",
        "{field}: шаблоны одной заявки относятся к одной товарной группе.")
    GTIN_REPEATED = (
        55, "INVALID_ARGUMENT", 400, False,
        "{field}: GTIN {gtin} occurs twice in the order.",
        "{field}: GTIN {gtin} встречается в заявке дважды.")
    PRICE_REQUIRED = (
        56, "INVALID_ARGUMENT", 400, False,
        "{field}: template {template_id} needs a price from 0 to {limit} tiyn.",
        "{field}: для шаблона {template_id} нужна цена от 0 до {limit} тиын.")
    PRICE_REFUSED = (
        57, "INVALID_ARGUMENT", 400, False,
        "{field}: template {template_id} carries no price.",
        "{field}: в шаблоне {template_id} цены нет.")
    TARIFF_MISSING = (
        58, "FAILED_PRECONDITION", 409, False,
        "No tariff is in force for product group {group} on {date}.",
        "Для товарной группы {group} на {date} нет действующего тарифа.")
    PAGE_TOKEN_INVALID = (
        59, "INVALID_ARGUMENT", 400, False,
        "page_token: not a token of this listing.",
        "page_token: не относится к этому списку.")
    INDEX_OUT_OF_RANGE = (
        60, "INVALID_ARGUMENT", 400, False,
        "{field}: the index must be from 0 to {limit}.",
        "{field}: индекс должен быть от 0 до {limit}.")
    LIMIT_EXCEEDED = (
        61, "INVALID_ARGUMENT", 400, False,
        "{field}: at most {limit} are allowed.",
        "{field}: допускается не больше {limit}.")
    TEXT_INVALID = (
        63, "INVALID_ARGUMENT", 400, False,
        "{field}: from 1 to {limit} printable characters.",
        "{field}: от 1 до {limit} печатных символов.")

    DATE_BEFORE_REGISTRATION = (
        64, "INVALID_ARGUMENT", 400, False,
        "{field}: the contract cannot be in force before the registration.",
        "{field}: договор не может вступить в силу раньше регистрации.")

    BODY_TOO_LARGE = (
        65, "INVALID_ARGUMENT", 413, False,
        "The body of the request is longer than {limit} bytes.",
        "Тело запроса длиннее {limit} байт.")
    NOT_OFFERED = (
        66, "UNIMPLEMENTED", 501, False,
        "{what}: this function is not offered yet.",
        "{what}: эта функция пока не предоставляется.")

    LABEL_TOO_SMALL = (
        67, "INVALID_ARGUMENT", 400, False,
        "The label cannot hold the symbol: {modules} modules with their quiet zone need"
        " {needed_mm} mm at {dpi} dpi, in whole dots and no smaller than GS1 allows; the design"
        " gives {given_mm} mm.",
        "Этикетка не вмещает символ: {modules} модулей со свободной зоной занимают {needed_mm} мм"
        " при {dpi} dpi, целыми точками и не мельче разрешённого GS1; в макете {given_mm} мм.")

    TNVED_INVALID = (
        68, "INVALID_ARGUMENT", 400, False,
        "{field}: a TN VED code has 10 digits, or the 4 of its heading.",
        "{field}: код ТН ВЭД состоит из 10 цифр или из 4 цифр товарной позиции.")

    SPAN_INVALID = (
        76, "INVALID_ARGUMENT", 400, False,
        "{field}: the codes must lie inside the buffer, which has {limit}.",
        "{field}: коды должны лежать внутри буфера, в котором их {limit}.")
    REPORT_EMPTY = (
        77, "INVALID_ARGUMENT", 400, False,
        "{field}: a report names at least one code.",
        "{field}: в отчёте должен быть хотя бы один код.")
    SSCC_INVALID = (
        79, "INVALID_ARGUMENT", 400, False,
        "{field}: an SSCC has 18 digits and a valid check digit.",
        "{field}: SSCC состоит из 18 цифр с верной контрольной цифрой.")

    SERIALS_INVALID = (
        73, "INVALID_ARGUMENT", 400, False,
        "{field}: {count} serials do not have {size} characters of the template's alphabet of"
        " {radix}: {offenders}.",
        "{field}: серийные номера (всего {count}) не состоят из {size} символов алфавита шаблона"
        " ({radix}): {offenders}.")
    SERIALS_REPEATED = (
        74, "INVALID_ARGUMENT", 400, False,
        "{field}: {count} serials occur more than once in the order: {offenders}.",
        "{field}: серийные номера повторяются в заявке (всего {count}): {offenders}.")
    SERIALS_RESERVED = (
        75, "INVALID_ARGUMENT", 400, False,
        "{field}: {count} serials belong to the operator; choose others: {offenders}.",
        "{field}: серийные номера принадлежат оператору (всего {count}), выберите другие:"
        " {offenders}.")

    # Things that are not there, or another's (told apart from nobody).
    PARTICIPANT_NOT_FOUND = (
        80, "NOT_FOUND", 404, False,
        "No participant with this BIN or IIN.",
        "Участник с таким БИН/ИИН не найден.")
    ORDER_NOT_FOUND = (
        81, "NOT_FOUND", 404, False,
        "No order {order_id}.",
        "Заявка {order_id} не найдена.")
    BUFFER_NOT_FOUND = (
        82, "NOT_FOUND", 404, False,
        "The order has no buffer of GTIN {gtin}.",
        "В заявке нет буфера с GTIN {gtin}.")

    BLOCK_NOT_FOUND = (
        83, "NOT_FOUND", 404, False,
        "The buffer has no block {block_id}.",
        "В буфере нет блока {block_id}.")
    STATION_NOT_FOUND = (
        84, "NOT_FOUND", 404, False,
        "No order station with omsId {oms_id}.",
        "Станция с omsId {oms_id} не найдена.")
    CONNECTION_NOT_FOUND = (
        85, "NOT_FOUND", 404, False,
        "No connection {connection_id}.",
        "Подключение {connection_id} не найдено.")

    PRODUCT_NOT_FOUND = (
        86, "NOT_FOUND", 404, False,
        "{field}: GTIN {gtin} is not among the participant's products. Register it first.",
        "{field}: GTIN {gtin} нет среди товаров участника. Сначала зарегистрируйте товар.")

    DOCUMENT_NOT_FOUND = (
        87, "NOT_FOUND", 404, False,
        "No document {document_id}.",
        "Документ {document_id} не найден.")
    BOX_NOT_FOUND = (
        88, "NOT_FOUND", 404, False,
        "No box {box}.",
        "Упаковка {box} не найдена.")
    TRANSFER_NOT_FOUND = (
        89, "NOT_FOUND", 404, False,
        "No transfer {transfer_id}.",
        "Передача {transfer_id} не найдена.")
    TOKEN_NOT_FOUND = (
        90, "NOT_FOUND", 404, False,
        "No token {token_id}.",
        "Токен {token_id} не найден.")

    # A repeat that is not one.
    REQUEST_DIFFERS = (
        96, "ALREADY_EXISTS", 409, False,
        "{field}: this id was used for another request.",
        "{field}: этот идентификатор уже использован для другого запроса.")
    PARTICIPANT_EXISTS = (
        97, "ALREADY_EXISTS", 409, False,
        "A participant with this BIN or IIN is registered with other data.",
        "Участник с таким БИН/ИИН зарегистрирован с другими данными.")

    # State: the request is well-formed and cannot be done now.
    PARTICIPANT_NOT_ACTIVE = (
        112, "FAILED_PRECONDITION", 409, False,
        "The participant's contract is not in force on {date}.",
        "Договор участника на {date} не действует.")
    PRODUCT_OF_ANOTHER = (
        119, "ALREADY_EXISTS", 409, False,
        "{field}: GTIN {gtin} is a product of another participant.",
        "{field}: GTIN {gtin} – товар другого участника.")
    PRODUCT_GROUP = (
        120, "FAILED_PRECONDITION", 409, False,
        "{field}: GTIN {gtin} is registered in the product group “{group}”.",
        "{field}: GTIN {gtin} зарегистрирован в товарной группе «{group}».")
    SERIAL_FORM_FIXED = (
        113, "FAILED_PRECONDITION", 409, False,
        "{field}: serials of length {serial_size} under GTIN {gtin} have another form.",
        "{field}: серийные номера длины {serial_size} для GTIN {gtin} имеют другую форму.")
    SERIAL_SOURCE_FIXED = (
        114, "FAILED_PRECONDITION", 409, False,
        "{field}: serials of GTIN {gtin} come from another source.",
        "{field}: серийные номера GTIN {gtin} формируются из другого источника.")
    SERIALS_EXHAUSTED = (
        115, "FAILED_PRECONDITION", 409, False,
        "{field}: {left} serials of this form are left for GTIN {gtin}.",
        "{field}: для GTIN {gtin} осталось серийных номеров этой формы: {left}.")
    QUANTITY_LEFT = (
        116, "FAILED_PRECONDITION", 409, False,
        "quantity: {left} codes are left in the buffer. Ask again with a new block_id.",
        "quantity: в буфере осталось кодов: {left}. Повторите запрос с новым block_id.")
    TRANSITION_REFUSED = (
        117, "FAILED_PRECONDITION", 409, False,
        "{object} is in the state “{state}”: “{event}” is not possible.",
        "{object}: в состоянии «{state}» действие «{event}» невозможно.")
    ORDERS_ACTIVE_LIMIT = (
        118, "FAILED_PRECONDITION", 409, False,
        "{active} orders are open, the limit is {limit}. After closing one send the order with a new"
        " request_id.",
        "Открыто заявок: {active}, предел: {limit}. Закройте одну и отправьте заявку с новым"
        " request_id.")
    BOX_EXISTS = (
        128, "FAILED_PRECONDITION", 409, False,
        "{field}: box {box} has been made before; to add to it send an update.",
        "{field}: упаковка {box} уже сформирована; чтобы дополнить её, отправьте обновление.")
    BOX_BOXED = (
        129, "FAILED_PRECONDITION", 409, False,
        "Box {box} lies in another box: name the outermost box, or take it out first.",
        "Упаковка {box} находится в другой упаковке: укажите внешнюю или сначала извлеките её.")
    BOX_NESTING = (
        130, "FAILED_PRECONDITION", 409, False,
        "{field}: box {box} cannot hold this: a group package holds codes only, no box holds itself,"
        " and boxes lie in each other at most {limit} deep.",
        "{field}: упаковка {box} не может это содержать: в групповую входят только коды, упаковка не"
        " входит сама в себя, вложенность не больше {limit}.")
    BOX_FULL = (
        131, "FAILED_PRECONDITION", 409, False,
        "{field}: box {box} holds at most {limit}.",
        "{field}: упаковка {box} вмещает не больше {limit}.")
    SSCCS_EXHAUSTED = (
        136, "FAILED_PRECONDITION", 409, False,
        "{field}: {left} SSCCs of the operator's prefix are left.",
        "{field}: осталось SSCC с префиксом оператора: {left}.")

    SERIALS_TAKEN = (
        121, "FAILED_PRECONDITION", 409, False,
        "{field}: {count} serials have been issued before: {offenders}. Send the order with others"
        " under a new request_id.",
        "{field}: серийные номера уже выданы (всего {count}): {offenders}. Отправьте заявку с"
        " другими под новым request_id.")
    RECIPIENT_UNAVAILABLE = (
        132, "FAILED_PRECONDITION", 409, False,
        "{field}: no participant {bin} whose contract is in force on {date}.",
        "{field}: нет участника {bin}, чей договор действует на {date}.")

    # Weather.
    OVERLOADED = (
        144, "RESOURCE_EXHAUSTED", 429, True,
        "Too many requests are waiting ({what}); repeat later with the same id.",
        "Слишком много запросов в очереди ({what}); повторите позже с тем же идентификатором.")
    STORE_FULL = (
        145, "RESOURCE_EXHAUSTED", 507, True,
        "The store is full; nothing was changed.",
        "Хранилище заполнено; ничего не изменено.")
    COMMIT_FAILED = (
        146, "UNAVAILABLE", 503, True,
        "The change was not saved; repeat with the same id.",
        "Изменение не сохранено; повторите с тем же идентификатором.")
    COMMIT_UNKNOWN = (
        147, "UNAVAILABLE", 503, True,
        "Whether the change was saved is not known; repeat with the same id.",
        "Неизвестно, сохранено ли изменение; повторите с тем же идентификатором.")
    SHUTTING_DOWN = (
        148, "UNAVAILABLE", 503, True,
        "The server is stopping; repeat with the same id.",
        "Сервер останавливается; повторите с тем же идентификатором.")
    STORE_UNAVAILABLE = (
        151, "UNAVAILABLE", 503, True,
        "The store does not answer now; repeat later.",
        "Хранилище сейчас недоступно; повторите позже.")
    CODES_BUSY = (
        152, "UNAVAILABLE", 503, True,
        "A large report of the same buffers is being carried out; repeat later with the same id.",
        "Выполняется большой отчёт по тем же буферам; повторите позже с тем же"
        " идентификатором.")
    BOX_CHANGED = (
        155, "UNAVAILABLE", 503, True,
        "A box has just been changed; repeat with the same id.",
        "Упаковка только что изменилась; повторите с тем же идентификатором.")
    CHECKS_SLOWED = (
        153, "RESOURCE_EXHAUSTED", 429, True,
        "Too many wrong checks came from this address; repeat in {retry_after_s} s.",
        "С этого адреса пришло слишком много неверных проверок; повторите через {retry_after_s} с.")
    INTERNAL = (
        149, "INTERNAL", 500, False,
        "An internal error; the operator has been told.",
        "Внутренняя ошибка; оператор оповещён.")
    KEY_MISSING = (
        150, "UNAVAILABLE", 503, True,
        "The operator has no current check key of kind {kind}; repeat later with the same id.",
        "У оператора нет действующего ключа проверки вида {kind}; повторите позже с тем же"
        " идентификатором.")

    @property
    def is_remembered(self) -> bool:
        """Whether a repeat of the refused request hears the same: refused by state or money."""
        return self is Reason.FUNDS_INSUFFICIENT or 112 <= self < 144


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason with the values its sentence names (all text).

    A detail ``x`` is for machines; where it is a word, ``x_en`` and ``x_ru`` are what people read.
    ``replayed`` says that the verdict is remembered from the first time the request came.
    """

    reason: Reason
    details: Mapping[str, str] = field(default_factory=dict)
    replayed: bool = False

    def sentence(self, language: str = "en") -> str:
        """Return the sentence of the reason in ``en`` or ``ru`` with the details filled in."""
        language = "ru" if language == "ru" else "en"
        text = self.reason.meaning.ru if language == "ru" else self.reason.meaning.en
        words = {
            name: self.details.get(f"{name}_{language}", value)
            for name, value in self.details.items()
        }
        return text.format_map(_Gaps(words))


class _Gaps(dict[str, str]):
    """Leave a placeholder without a value as it stands, so that a sentence never fails."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The one exception that carries a refusal: ``raise Refused(Reason.X, field="…")``."""

    def __init__(self, reason: Reason, **details: object) -> None:
        self.refusal = Refusal(reason, {name: str(value) for name, value in details.items()})
        super().__init__(f"{reason.name}: {self.refusal.sentence()}")

    @classmethod
    def again(cls, refusal: Refusal) -> Refused:
        """Return the exception of a refusal that was given before."""
        refused = cls(refusal.reason, **refusal.details)
        refused.refusal = refusal
        return refused

    @property
    def reason(self) -> Reason:
        """The reason of the refusal."""
        return self.refusal.reason
