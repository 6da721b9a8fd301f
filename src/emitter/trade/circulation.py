"""What may be done with codes that were downloaded, by which document, and why (App. 2 §4, C2).

A report moves codes by one event of their machine (`states.CODE`) or, for utilisation, sets the
flag beside the state. The table says which states it takes and whether it must give a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from emitter.trade.states import CODE, CodeEvent, CodeState
from emitter.trade.templates import Group
from emitter.trade.titled import Titled

UTILISED = 0x10
"""Flag beside the state in the byte of a code: the line has reported that it was put on goods."""

STATE_MASK = UTILISED - 1
"""The bits of a code's byte that are its `CodeState`."""

WITHOUT_UTILISATION = frozenset({Group.SHOES, Group.LIGHT_INDUSTRY})
"""Groups whose lines send no report of utilisation: goods are known to bear a code when they are
introduced (C4)."""


class DocumentKind(Titled):
    """What a document says about codes."""

    UTILISATION = (1, "Utilisation: put on goods", "Отчёт о нанесении")
    INTRODUCTION = (2, "Introduction into circulation", "Ввод в оборот")
    DROPOUT = (3, "Dropout: written off", "Отчёт о списании")
    WITHDRAWAL = (4, "Withdrawal from circulation", "Вывод из оборота")
    RETURN = (5, "Return into circulation", "Возврат в оборот")
    AGGREGATION = (6, "Aggregation into a box", "Агрегация в упаковку")
    DISAGGREGATION = (7, "Taking out of a box", "Расформирование упаковки")
    SHIPMENT = (8, "Shipment to another participant", "Отгрузка другому участнику")
    ACCEPTANCE = (9, "Acceptance of a shipment", "Приёмка")
    REJECTION = (10, "Rejection of a shipment", "Отказ от приёмки")
    RECALL = (11, "Recall of a shipment by its sender", "Отзыв отгрузки отправителем")


class DocumentStatus(Titled):
    """What came of a document."""

    ACCEPTED = (1, "Accepted", "Принят")
    PARTLY_ACCEPTED = (2, "Accepted in part", "Принят частично")
    REJECTED = (3, "Rejected", "Отклонён")


class Acceptance(Titled):
    """What a document with refused codes does."""

    WHOLE = (1, "All codes or none", "Все коды или ни одного")
    VALID = (2, "The codes that can be moved", "Коды, для которых действие возможно")


class IntroductionWay(Titled):
    """How goods come into circulation, in the stations' words (releaseMethodType)."""

    PRODUCTION = (1, "Made in Kazakhstan", "Производство в Казахстане")
    IMPORT = (2, "Imported", "Импорт")
    REMAINS = (3, "Marking of remains", "Маркировка остатков")
    CROSSBORDER = (4, "Bought within the Union", "Трансграничная торговля")
    REMARK = (5, "Marked anew", "Перемаркировка")
    CONTRACT_PRODUCTION = (6, "Made under contract", "Контрактное производство")
    COMMISSION = (7, "Taken on commission", "Принято на комиссию")


class DropoutReason(Titled):
    """Why codes are written off, in the stations' words (dropoutReason)."""

    DEFECT = (1, "Defective label or goods", "Брак")
    EXPIRY = (2, "Shelf life is over", "Истёк срок годности")
    QA_SAMPLES = (3, "Samples for quality control", "Образцы для контроля качества")
    PRODUCT_RECALL = (4, "Recall of the product", "Отзыв продукции")
    COMPLAINTS = (5, "Complaints", "Рекламации")
    PRODUCT_TESTING = (6, "Testing of the product", "Испытания продукции")
    DEMO_SAMPLES = (7, "Demonstration samples", "Демонстрационные образцы")
    DAMAGE_LOSS = (8, "Damaged or lost", "Порча или утрата")
    DESTRUCTION = (9, "Destroyed", "Уничтожение")
    LIQUIDATION = (10, "Enterprise liquidated", "Ликвидация предприятия")
    CONFISCATION = (11, "Confiscated", "Конфискация")
    OTHER = (12, "Other", "Прочее")


class WithdrawalReason(Titled):
    """Why goods leave circulation."""

    RETAIL_SALE = (1, "Sold to a consumer", "Розничная продажа")
    OWN_USE = (2, "Used by the participant", "Использование для собственных нужд")
    EXPORT = (3, "Exported", "Экспорт")
    DISTANCE_SALE = (4, "Sold at a distance", "Дистанционная продажа")
    GIFT = (5, "Given away", "Безвозмездная передача")
    OTHER = (6, "Other", "Прочее")


class ReturnReason(Titled):
    """Why goods come back into circulation."""

    RETAIL_RETURN = (1, "Brought back by a consumer", "Возврат от потребителя")
    DISTANCE_RETURN = (2, "Distance sale sent back", "Возврат при дистанционной продаже")
    MISTAKEN_WITHDRAWAL = (3, "Withdrawn by mistake", "Ошибочный вывод из оборота")
    OTHER = (4, "Other", "Прочее")


@dataclass(frozen=True, slots=True)
class Move:
    """What a kind of report does to a code: an event, or the flag alone; and the reasons it takes.

    ``takes`` are the states it may find the code in; ``breaks_box`` says that goods leave the
    place where they are, so that a code in a box must be named by its box. A shipment has neither
    event nor flag: it looks at the state and leaves it.
    """

    kind: DocumentKind
    event: CodeEvent | None
    takes: tuple[CodeState, ...]
    reasons: type[Titled] | None
    breaks_box: bool

    def table(self) -> bytes:
        """Return 256 bytes: for the byte of a code the byte after the move, 0 for a refusal."""
        table = bytearray(256)
        for state in self.takes:
            after = state if self.event is None else CODE.grid[state][self.event]
            if after is None:
                raise AssertionError("a move takes only states that its event has")
            if self.kind is DocumentKind.UTILISATION:
                table[state] = after | UTILISED
            else:
                table[state], table[state | UTILISED] = after, after | UTILISED
        return bytes(table)


def _move(
    kind: DocumentKind, event: CodeEvent, reasons: type[Titled] | None, *, breaks_box: bool
) -> Move:
    takes = tuple(state for state in CodeState if CODE.grid[state][event] is not None)
    return Move(kind, event, takes, reasons, breaks_box)


MOVES = MappingProxyType({
    move.kind: move
    for move in (
        Move(DocumentKind.UTILISATION, None,
             (CodeState.APPLIED_AND_PAID, CodeState.INTRODUCED), None, breaks_box=False),
        _move(DocumentKind.INTRODUCTION, CodeEvent.INTRODUCE, IntroductionWay, breaks_box=False),
        _move(DocumentKind.DROPOUT, CodeEvent.WRITE_OFF, DropoutReason, breaks_box=True),
        _move(DocumentKind.WITHDRAWAL, CodeEvent.WITHDRAW, WithdrawalReason, breaks_box=True),
        _move(DocumentKind.RETURN, CodeEvent.RETURN, ReturnReason, breaks_box=False),
    )
})  # fmt: skip
"""The reports that move codes. The owner of the goods makes them, or the operator for the owner."""

SHIPPING = Move(DocumentKind.SHIPMENT, None, (CodeState.INTRODUCED,), None, breaks_box=True)
"""Only goods in circulation change hands. What is not introduced yet may not leave who marked it
(App. 2 §4), and what has left circulation comes back by a return of the one who owns it."""
