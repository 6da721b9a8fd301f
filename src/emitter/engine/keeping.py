"""What an engine keeps besides orders: the register of products, and the terms of the trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.engine.archiving import Archived, archive_orders
from emitter.engine.expiry import DAY_US, Expired, expire_orders, orders_to_expire
from emitter.engine.forgetting import forget_refusals
from emitter.engine.overdue import read_overdue
from emitter.engine.products import judge_product, read_product, read_products

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emitter.config import Limits
    from emitter.engine.commands import Command, ExpireOrder, RegisterProduct
    from emitter.engine.overdue import OverdueBlock
    from emitter.engine.products import ProductView
    from emitter.engine.promise import Promise
    from emitter.store.port import Store


class Keeping:
    """A part of `Engine`."""

    limits: Limits
    _store: Store
    _clock: Callable[[], int]
    _threaded: bool

    def submit(self, command: Command) -> Promise:  # noqa: ARG002 - the engine's
        """See `Engine.submit`."""
        raise AssertionError("the engine has its own")

    def work_off(self) -> None:
        """See `Engine.work_off`."""
        raise AssertionError("the engine has its own")

    # Products -------------------------------------------------------------------------------------

    def product(self, gtin: int, bin_: int | None = None) -> ProductView:
        """Return the product of a GTIN, with ``bin_`` only if it is that participant's; `Refused`.

        Two look-ups of the store.
        """
        return read_product(self._store, gtin, bin_)

    def products(
        self, bin_: int, *, page_size: int, page_token: bytes = b""
    ) -> tuple[list[ProductView], bytes]:
        """Return a page of a participant's products by GTIN, and the token of the next page."""
        return read_products(self._store, bin_, page_size=page_size, page_token=page_token)

    def judge_product(self, command: RegisterProduct) -> ProductView:
        """Return what registering a product would give now, changing nothing; raises `Refused`."""
        command.check(self.limits)
        return judge_product(self._store, command, self._clock())

    # Terms ----------------------------------------------------------------------------------------

    def forget_refusals(self) -> int:
        """Delete the verdicts that have grown too old (see `forgetting`); return how many."""
        return forget_refusals(self._store, self._clock())

    def orders_to_expire(self) -> Iterator[ExpireOrder]:
        """Yield the command for each order that is open for longer than the policy allows."""
        days = self.limits.order_life_days
        return orders_to_expire(self._store, self._clock() - days * DAY_US) if days else iter(())

    def expire_orders(self) -> Expired:
        """End the orders whose time is over (`Limits.order_life_days`); return how many."""
        idle: Callable[[], None] = lambda: None  # noqa: E731 - nothing to say
        work_off = idle if self._threaded else self.work_off
        return expire_orders(self.orders_to_expire(), self.submit, work_off)

    def archive_orders(self) -> Archived:
        """Drop what need not be kept of orders that ended long ago (`archiving`); return it."""
        days = self.limits.retention_days
        if not days:
            return Archived(0, 0)
        return archive_orders(self._store, self._clock() - days * DAY_US)

    def overdue_blocks(
        self, bin_: int, *, page_size: int, page_token: bytes = b""
    ) -> tuple[list[OverdueBlock], bytes]:
        """Return a page of blocks with codes that were not put on goods in time (`overdue`)."""
        return read_overdue(
            self._store, bin_, self._clock(), page_size=page_size, page_token=page_token
        )
