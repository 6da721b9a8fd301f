"""LabelService: blocks as print-ready symbols and labels; delivery in another dress."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from emitter.api import values
from emitter.engine.commands import DeliverBlock
from emitter.engine.orders import require_buffer
from emitter.errors import Reason, Refused
from emitter.labels import designs
from emitter.labels.layout import Content, Layout, fit
from emitter.labels.render import Form, Job, render, require_printable
from emitter.trade.gs1 import format_gtin, require_gtin
from emitter.trade.templates import TEMPLATES
from emitter.v1 import label_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.api.calls import Call
    from emitter.api.streams import Streams

_DESIGN_CHARS_MAX = 65_536
_PRODUCT_CHARS_MAX = 256


class LabelServicer:
    """The service ``emitter.v1.LabelService``."""

    descriptor = label_pb2.DESCRIPTOR.services_by_name["LabelService"]

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def render_labels(self, request: label_pb2.RenderLabelsRequest, call: Call) -> Iterator[bytes]:
        """Deliver a block and stream it as labels; what cannot be printed is not paid."""
        bin_ = call.station()
        command = DeliverBlock(
            bin_,
            values.require_order_id(request.order_id),
            require_gtin(request.gtin, "gtin"),
            request.block_id,
            request.quantity,
        )
        form = _require_form(request.form)
        design = _require_design(request)
        with self._streams.slot(bin_, call) as stream:
            layout = self._laid_out(request, command, design, form, call)
            block, replayed = call.execute(command)
            left = block.row.quantity - request.from_index
            job = Job(
                layout,
                lambda first, count: call.engine.records(block, first, count),
                block.record_size,
                request.from_index,
                min(request.count or left, left),
            )
            call.items = job.count
            require_printable(form, job.count)  # a block delivered before may be larger than asked
            first = label_pb2.RenderLabelsResponse(
                block=values.block(block),
                replayed=replayed,
                modules=layout.modules,
                module_dots=layout.px,
            )
            yield from stream.send(_messages(job, form, first, call))

    def _laid_out(
        self,
        request: label_pb2.RenderLabelsRequest,
        command: DeliverBlock,
        design: designs.Design,
        form: Form,
        call: Call,
    ) -> Layout:
        """Return the layout for the block; refuse what cannot be printed, before it is paid."""
        order = call.engine.order(command.bin, command.order_id)
        buffer = require_buffer(order.row, command.gtin)
        quantity = request.quantity or buffer.quantity - buffer.delivered
        limit = 0
        if request.from_index > 0:  # only what was delivered can be continued
            block = call.engine.block(command.bin, command.order_id, command.gtin, command.block_id)
            limit = quantity = block.row.quantity
        if not 0 <= request.from_index <= limit:
            raise Refused(Reason.INDEX_OUT_OF_RANGE, field="from_index", limit=limit)
        if request.count < 0:
            raise Refused(Reason.INDEX_OUT_OF_RANGE, field="count", limit=quantity)
        require_printable(form, request.count or quantity - request.from_index)
        content = Content(
            template=TEMPLATES[buffer.template_id],
            gtin=format_gtin(command.gtin),
            product=request.product,
            order=str(command.order_id),
        )
        return fit(design, content)


def _require_form(form: int) -> Form:
    if form == 0:
        raise Refused(Reason.FIELD_REQUIRED, field="form")
    try:
        return Form(form)
    except ValueError:
        raise Refused(
            Reason.FIELD_INVALID,
            field="form",
            rule="a value of LabelForm",
            rule_ru="нужно значение LabelForm",
        ) from None


def _require_design(request: label_pb2.RenderLabelsRequest) -> designs.Design:
    """Return the design of a request; its texts are short and printable."""
    if len(request.product) > _PRODUCT_CHARS_MAX or not request.product.isprintable():
        raise Refused(Reason.TEXT_INVALID, field="product", limit=_PRODUCT_CHARS_MAX)
    if len(request.design_text) > _DESIGN_CHARS_MAX:
        raise Refused(Reason.LIMIT_EXCEEDED, field="design_text", limit=_DESIGN_CHARS_MAX)
    match request.WhichOneof("design"):
        case "design_name":
            return designs.shipped(request.design_name)
        case "design_text":
            return designs.read(request.design_text)
        case _:
            raise Refused(Reason.FIELD_REQUIRED, field="design")


def _messages(
    job: Job, form: Form, first: label_pb2.RenderLabelsResponse, call: Call
) -> Iterator[bytes]:
    """Yield a message for each piece, the first with the fields of ``first``; the digest last."""
    digest = hashlib.sha256()
    message = first
    for piece in render(job, form):
        digest.update(piece.data)
        message.first_index, message.count, message.data = piece.first, piece.count, piece.data
        message.ends.extend(piece.ends)
        yield message.SerializeToString()
        message = label_pb2.RenderLabelsResponse()
    message.first_index = job.first + job.count
    message.sha256 = digest.digest()
    call.is_said = True
    yield message.SerializeToString()
