"""ProductService: the registry of products, many a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from emitter.api import values
from emitter.api.calls import refused_for
from emitter.engine.commands import RegisterProduct
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import require_gtin
from emitter.trade.templates import Group
from emitter.v1 import product_pb2
from emitter.wire import status_of

if TYPE_CHECKING:
    from emitter.api.calls import Call
    from emitter.engine.products import ProductView
    from emitter.engine.promise import Promise


class ProductServicer:
    """The service ``emitter.v1.ProductService``."""

    descriptor = product_pb2.DESCRIPTOR.services_by_name["ProductService"]

    def register_products(
        self, request: product_pb2.RegisterProductsRequest, call: Call
    ) -> product_pb2.RegisterProductsResponse:
        """Register many products, each by itself; answer when every verdict is durable."""
        call.items = len(request.products)
        bin_ = call.reader(request.bin)
        limit = call.limits.batch_products_max
        if len(request.products) > limit:
            raise Refused(Reason.LIMIT_EXCEEDED, field="products", limit=limit)
        begin = _judged if request.validate_only else _submitted
        begun = [begin(product, bin_, call) for product in request.products]
        response = product_pb2.RegisterProductsResponse()
        for product, outcome in zip(request.products, begun, strict=True):
            verdict = response.verdicts.add(gtin=product.gtin)
            decided = _decided(outcome, call)
            if isinstance(decided, Refused):
                verdict.error.CopyFrom(status_of(decided.refusal, call.language))
            else:
                verdict.product.CopyFrom(values.product(decided))
        return response

    def get_product(
        self, request: product_pb2.GetProductRequest, call: Call
    ) -> product_pb2.GetProductResponse:
        """Read one product."""
        view = call.engine.product(require_gtin(request.gtin, "gtin"), call.bin)
        return product_pb2.GetProductResponse(product=values.product(view))

    def list_products(
        self, request: product_pb2.ListProductsRequest, call: Call
    ) -> product_pb2.ListProductsResponse:
        """Read a page of products."""
        views, token = call.engine.products(
            call.reader(request.bin),
            page_size=values.require_page_size(request.page_size, call.limits),
            page_token=values.require_page_token(request.page_token),
        )
        return product_pb2.ListProductsResponse(
            products=[values.product(view) for view in views],
            next_page_token=values.page_token(token),
        )


def _command(product: product_pb2.Product, bin_: int) -> RegisterProduct:
    """Return the command of a message; refused with GTIN_INVALID, or FIELD_INVALID for a group."""
    gtin = require_gtin(product.gtin, "gtin")
    try:
        group = Group(product.product_group)
    except ValueError:
        raise Refused(
            Reason.FIELD_INVALID,
            field="product_group",
            rule="a product group",
            rule_ru="нужна товарная группа",
        ) from None
    names = product.name_ru, product.name_kk
    return RegisterProduct(bin_, gtin, group, product.tnved_code, *names)


def _submitted(product: product_pb2.Product, bin_: int, call: Call) -> Promise | Refused:
    """Hand one product to the engine, or return why it is refused at once."""
    try:
        return call.engine.submit(_command(product, bin_))
    except Exception as error:  # noqa: BLE001 - answered beside its neighbours
        return refused_for(error)


def _judged(product: product_pb2.Product, bin_: int, call: Call) -> ProductView | Refused:
    """Return what registering one product would give."""
    try:
        return call.engine.judge_product(_command(product, bin_))
    except Exception as error:  # noqa: BLE001 - answered beside its neighbours
        return refused_for(error)


def _decided(outcome: Promise | ProductView | Refused, call: Call) -> ProductView | Refused:
    """Return a verdict, waiting no longer than the call may take."""
    if isinstance(outcome, Refused | tuple):
        return outcome
    try:
        return cast("ProductView", call.wait(outcome).value)
    except Exception as error:  # noqa: BLE001 - answered beside its neighbours
        return refused_for(error)
