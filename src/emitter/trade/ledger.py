"""What codes cost, and which accounts a movement of money touches.

Money is an integer of tiyn. Shares are cumulative (DOMAIN M5): the first k codes of a buffer cost
``gross(k)``, a block costs the difference of two such sums, so the blocks of a buffer add up to its
reserve to the tiyn, net and VAT each for itself.

The journal is double entry: the entries of one movement sum to zero. Signs are those of a credit
balance: what the operator owes or has earned is positive, the bank account is negative.
"""

from __future__ import annotations

from dataclasses import dataclass

from emitter import _core
from emitter.trade.titled import Titled

BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class Cost:
    """The price of the codes of one buffer, fixed at its emission (DOMAIN M2).

    ``price_net_tiyn``: a code without VAT; ``vat_bp``: the VAT rate in hundredths of a per cent.
    """

    price_net_tiyn: int
    vat_bp: int

    def __post_init__(self) -> None:
        """Refuse figures that no tariff can have (ValueError)."""
        if self.price_net_tiyn < 0 or not 0 <= self.vat_bp <= BASIS_POINTS:
            raise ValueError(f"not a price and a VAT rate: {self}")

    def net(self, count: int) -> int:
        """Return what the first ``count`` codes cost without VAT, in tiyn."""
        return count * self.price_net_tiyn

    def vat(self, count: int) -> int:
        """Return the VAT on the first ``count`` codes, in tiyn, half a tiyn rounded up."""
        return (self.net(count) * self.vat_bp + BASIS_POINTS // 2) // BASIS_POINTS

    def gross(self, count: int) -> int:
        """Return what the first ``count`` codes cost with VAT, in tiyn."""
        net = count * self.price_net_tiyn
        return net + (net * self.vat_bp + BASIS_POINTS // 2) // BASIS_POINTS

    def block_cost(self, first: int, end: int) -> tuple[int, int]:
        """Return (net, VAT) of the codes ``first`` to ``end - 1`` of the buffer, in tiyn."""
        if not 0 <= first <= end:
            raise ValueError(f"not a block: {first} to {end}")
        return self.net(end) - self.net(first), self.vat(end) - self.vat(first)


class MovementKind(Titled):
    """What a movement of money is; the values are the core's."""

    CREDIT = (_core.CREDIT, "Credit", "Пополнение")
    RESERVE = (_core.RESERVE, "Reserve", "Резервирование")
    CAPTURE = (_core.CAPTURE, "Capture", "Списание из резерва")
    RELEASE = (_core.RELEASE, "Release", "Снятие резерва")
    ADJUST = (_core.ADJUST, "Adjustment", "Корректировка")
    REFUND = (_core.REFUND, "Refund", "Возврат аванса")
    BANK_COST = (_core.BANK_COST, "Bank costs", "Банковские расходы")


class LedgerAccount(Titled):
    """Where money stands. AVAILABLE and ESCROW are kept per participant and per order."""

    AVAILABLE = (1, "Available on the personal account", "Доступно на лицевом счёте")
    ESCROW = (2, "Reserved for an order", "Зарезервировано по заявке")
    REVENUE = (3, "Revenue without VAT", "Доход без НДС")
    VAT = (4, "VAT payable", "НДС к уплате")
    BANK = (5, "Bank account of the operator", "Банковский счёт оператора")
    ADJUSTMENTS = (6, "Adjustments", "Корректировки")
    BANK_COSTS = (7, "Bank costs withheld", "Удержанные банковские расходы")


Entry = tuple[LedgerAccount, int]
"""An account and the signed amount, in tiyn, that a movement adds to it."""

# From which account to which an amount moves; a capture is split into net and VAT below.
_ROUTES: dict[int, tuple[LedgerAccount, LedgerAccount]] = {
    MovementKind.CREDIT: (LedgerAccount.BANK, LedgerAccount.AVAILABLE),
    MovementKind.RESERVE: (LedgerAccount.AVAILABLE, LedgerAccount.ESCROW),
    MovementKind.RELEASE: (LedgerAccount.ESCROW, LedgerAccount.AVAILABLE),
    MovementKind.ADJUST: (LedgerAccount.ADJUSTMENTS, LedgerAccount.AVAILABLE),
    MovementKind.REFUND: (LedgerAccount.AVAILABLE, LedgerAccount.BANK),
    MovementKind.BANK_COST: (LedgerAccount.AVAILABLE, LedgerAccount.BANK_COSTS),
}


def entries(kind: int, amount: int, net: int = 0, vat: int = 0) -> tuple[Entry, ...]:
    """Return the journal entries of one movement; they sum to zero.

    ``amount`` is positive (an adjustment may be negative, + to the participant). ``net`` and
    ``vat`` say what it consists of: a capture must tell, others may; they then add up to
    ``amount``. Anything else is a ValueError.
    """
    told = kind == _core.CAPTURE or net or vat
    if (told and net + vat != amount) or min(net, vat) < 0:
        raise ValueError(f"net {net} and VAT {vat} do not fit movement {kind} of {amount}")
    if amount <= 0 and not (kind == _core.ADJUST and amount):
        raise ValueError(f"movement {kind} of {amount}")
    if kind == _core.CAPTURE:
        return (
            (LedgerAccount.ESCROW, -amount),
            (LedgerAccount.REVENUE, net),
            (LedgerAccount.VAT, vat),
        )
    route = _ROUTES.get(kind)
    if route is None:
        raise ValueError(f"no movement is of kind {kind}")
    source, target = route
    return (source, -amount), (target, amount)
