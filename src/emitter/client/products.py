"""The client's calls of the product registry."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from emitter.client.calls import Caller, service
from emitter.client.repeating import Repeats
from emitter.errors import Reason, Refused
from emitter.v1 import product_pb2, product_pb2_grpc
from emitter.wire import refused_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from emitter.v1.product_pb2 import Product, ProductVerdict

_BATCH_PRODUCTS = 500  # products a call: half of what servers allow


class ProductCalls(Caller):
    """The calls of a client that register, read and list products."""

    _products = service(product_pb2_grpc.ProductServiceStub)

    def register_products(
        self, products: Iterable[Product], *, bin: str = "", validate_only: bool = False
    ) -> Iterator[tuple[str, Product | Refused]]:
        """Register many products; yield (gtin, product or refusal) for each, in their order.

        The operator names the owner. With ``validate_only`` nothing is changed. Registering the
        same again changes nothing, so a repeat is safe.
        """
        items = iter(products)
        while batch := list(itertools.islice(items, _BATCH_PRODUCTS)):
            yield from self._registered(batch, bin, validate_only=validate_only)

    def register_product(self, product: Product, *, bin: str = "") -> Product:
        """Register one product and return it; raises `Refused`."""
        ((_, registered),) = self.register_products([product], bin=bin)
        if isinstance(registered, Refused):
            raise registered
        return registered

    def product(self, gtin: str) -> Product:
        """Return the product of a GTIN."""
        request = product_pb2.GetProductRequest(gtin=gtin)
        product: Product = self._ask(self._products.GetProduct, request).product
        return product

    def products(self, *, bin: str = "", page_size: int = 0) -> Iterator[Product]:
        """Yield all products by GTIN, reading page by page; an operator names the participant."""
        request = product_pb2.ListProductsRequest(bin=bin, page_size=page_size)
        return self._pages(self._products.ListProducts, request, "products")

    def _registered(
        self, batch: list[Product], bin: str, *, validate_only: bool
    ) -> Iterator[tuple[str, Product | Refused]]:
        """Yield the verdicts of a batch; while one may pass, the batch is asked for again."""
        repeats = Repeats(self._attempts)
        request = product_pb2.RegisterProductsRequest(
            bin=bin, products=batch, validate_only=validate_only
        )
        while True:
            response = self._ask(self._products.RegisterProducts, request)
            verdicts = [(each.gtin, _product_or_refusal(each)) for each in response.verdicts]
            passing = [
                each for _, each in verdicts
                if isinstance(each, Refused) and each.reason.meaning.retry
            ]  # fmt: skip
            if not passing or not repeats.again():
                yield from verdicts
                return


def _product_or_refusal(verdict: ProductVerdict) -> Product | Refused:
    if verdict.HasField("product"):
        return verdict.product
    return refused_of(verdict.error) or Refused(Reason.INTERNAL)
