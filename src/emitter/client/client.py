"""The client: one channel, one token, a call for each thing that can be asked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from emitter.client.boxes import BoxCalls
from emitter.client.calls import civil_date, new_id, service
from emitter.client.delivery import Delivery
from emitter.client.labels import Labels
from emitter.client.order_batch import create_in_batches
from emitter.client.order_stream import OrderStream
from emitter.client.products import ProductCalls
from emitter.client.reports import ReportCalls
from emitter.client.transfers import TransferCalls
from emitter.client.verdicts import batches, merged
from emitter.v1 import (
    account_pb2,
    account_pb2_grpc,
    code_pb2,
    code_pb2_grpc,
    label_pb2,
    label_pb2_grpc,
    order_pb2,
    order_pb2_grpc,
    station_pb2,
    station_pb2_grpc,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date, timedelta

    from google.protobuf.message import Message

    from emitter.client.order_batch import OrderItem
    from emitter.client.verdicts import VerifiedCodes
    from emitter.errors import Refused
    from emitter.v1.account_pb2 import AccessToken, Account, Role, Transaction
    from emitter.v1.code_pb2 import Block, CheckAlert, OverdueBlock
    from emitter.v1.label_pb2 import LabelForm
    from emitter.v1.order_pb2 import ArchiveOrdersResponse, ExpireOrdersResponse, Order, OrderLine
    from emitter.v1.station_pb2 import Connection, SignaturePolicy

_DELIVER = f"/{code_pb2.DESCRIPTOR.services_by_name['CodeService'].full_name}/DeliverBlock"


class Client(ProductCalls, ReportCalls, BoxCalls, TransferCalls):
    """Calls a server at ``target`` (``host:port``) under a bearer token; usable by many threads.

    ``root_certificates``: PEM of the authorities that vouch for the server; without them the
    connection is plain text, for loopback addresses only (ValueError). ``certificate``: the
    caller's own chain and private key, both PEM, for servers that ask for one. ``timeout_s`` is for
    one attempt of a call that is not a stream; ``attempts`` counts tries in a row without progress.
    ``language``: of the localized sentences, ``en`` or ``ru``.
    """

    _orders = service(order_pb2_grpc.OrderServiceStub)
    _codes = service(code_pb2_grpc.CodeServiceStub)
    _labels = service(label_pb2_grpc.LabelServiceStub)
    _accounts = service(account_pb2_grpc.AccountServiceStub)
    _stations = service(station_pb2_grpc.StationServiceStub)
    # Without a deserializer: the records stay where gRPC has put them.
    _deliver = cached_property(
        lambda self: self._channel.unary_stream(
            _DELIVER, code_pb2.DeliverBlockRequest.SerializeToString, None
        )
    )

    # Orders ---------------------------------------------------------------------------------------

    def create_order(self, lines: Iterable[OrderLine], request_id: str | None = None) -> Order:
        """Emit an order and return it; the id is made here if none is given."""
        request = order_pb2.CreateOrderRequest(request_id=request_id or new_id(), lines=lines)
        return self._order(self._orders.CreateOrder, request)

    def create_orders(self, orders: Iterable[OrderItem]) -> Iterator[tuple[str, Order | Refused]]:
        """Create many orders in few calls; yield (request_id, order or refusal) for each.

        An item is the lines of an order, or (request_id, lines). The fastest way to create many:
        the orders of a call share its cost. Verdicts come batch by batch, in the order of the
        items but for those that had to be repeated.
        """

        def call(request: order_pb2.BatchCreateOrdersRequest) -> Any:
            method = self._orders.BatchCreateOrders
            return method.future(request, timeout=self._timeout_s, metadata=self._metadata)

        return create_in_batches(call, orders, self._attempts)

    def stream_orders(self, orders: Iterable[OrderItem]) -> Iterator[tuple[str, Order | Refused]]:
        """Create many orders on one stream; yield (request_id, order or refusal) as they come.

        An item is the lines of an order, or (request_id, lines). The iterable is read in another
        thread, as fast as the server takes orders: not while it is overloaded. What may pass is
        repeated with a pause; a refusal with such a reason comes when there is no attempt left.
        """

        def call(requests: Iterator[order_pb2.StreamOrdersRequest]) -> Any:
            return self._orders.StreamOrders(requests, metadata=self._metadata)

        return OrderStream(call, orders, self._attempts).verdicts()

    def order(self, order_id: str, *, bin: str = "") -> Order:
        """Return an order; an operator names the participant."""
        request = order_pb2.GetOrderRequest(order_id=order_id, bin=bin)
        return self._order(self._orders.GetOrder, request)

    def orders(self, *, bin: str = "", page_size: int = 0) -> Iterator[Order]:
        """Yield all orders, the newest first, reading page by page."""
        request = order_pb2.ListOrdersRequest(bin=bin, page_size=page_size)
        return self._pages(self._orders.ListOrders, request, "orders")

    def close_order(self, order_id: str, request_id: str | None = None) -> Order:
        """Close an order: what was not delivered is annulled and its money released."""
        request = order_pb2.CloseOrderRequest(request_id=request_id or new_id(), order_id=order_id)
        return self._order(self._orders.CloseOrder, request)

    def close_buffer(self, order_id: str, gtin: str, request_id: str | None = None) -> Order:
        """Close one buffer of an order and return the order."""
        request = order_pb2.CloseBufferRequest(
            request_id=request_id or new_id(), order_id=order_id, gtin=gtin
        )
        return self._order(self._orders.CloseBuffer, request)

    def expire_orders(self) -> ExpireOrdersResponse:
        """End the orders whose time is over by the operator's policy (operator)."""
        response: ExpireOrdersResponse = self._ask(
            self._orders.ExpireOrders, order_pb2.ExpireOrdersRequest()
        )
        return response

    def archive_orders(self) -> ArchiveOrdersResponse:
        """Drop what need not be kept of orders that ended before the retention (operator)."""
        response: ArchiveOrdersResponse = self._ask(
            self._orders.ArchiveOrders, order_pb2.ArchiveOrdersRequest()
        )
        return response

    # Codes ----------------------------------------------------------------------------------------

    def deliver(
        self,
        order_id: str,
        gtin: str,
        block_id: str | None = None,
        quantity: int = 0,
        from_index: int = 0,
    ) -> Delivery:
        """Deliver a block, a new one unless ``block_id`` is known; 0 codes is all that is left.

        Refusals are raised here; the codes come by iterating the `Delivery`.
        """
        request = code_pb2.DeliverBlockRequest(
            order_id=order_id,
            gtin=gtin,
            block_id=block_id or new_id(),
            quantity=quantity,
            from_index=from_index,
        )

        def call(request: code_pb2.DeliverBlockRequest) -> Any:
            return self._deliver(request, metadata=self._metadata)

        return Delivery(call, request, self._attempts)

    def labels(
        self,
        order_id: str,
        gtin: str,
        *,
        form: LabelForm,
        design: str,
        block_id: str | None = None,
        **more: Any,
    ) -> Labels:
        """Render a block as labels; the first time is its delivery.

        ``design`` is the name of a design of the server, or the text of a design file. ``more``:
        ``quantity`` as in `deliver`, ``from_index`` and ``count`` for a part, ``product``.
        """
        request = label_pb2.RenderLabelsRequest(
            order_id=order_id, gtin=gtin, form=form, block_id=block_id or new_id(), **more
        )
        setattr(request, "design_text" if "\n" in design else "design_name", design)
        return Labels(self._labels.RenderLabels(request, metadata=self._metadata))

    def blocks(
        self,
        order_id: str,
        gtin: str,
        *,
        bin: str = "",
        page_size: int = 0,
    ) -> Iterator[Block]:
        """Yield the blocks of a buffer in the order of delivery, reading page by page."""
        request = code_pb2.ListBlocksRequest(
            order_id=order_id, gtin=gtin, bin=bin, page_size=page_size
        )
        return self._pages(self._codes.ListBlocks, request, "blocks")

    def overdue_blocks(self, *, bin: str = "", page_size: int = 0) -> Iterator[OverdueBlock]:
        """Yield the blocks with codes that were not put on goods within 30 working days."""
        request = code_pb2.ListOverdueBlocksRequest(bin=bin, page_size=page_size)
        return self._pages(self._codes.ListOverdueBlocks, request, "blocks")

    def verify(self, codes: bytes | Iterable[bytes]) -> VerifiedCodes:
        """Check codes (bytes with a line feed between codes, or codes one by one), any number."""
        if isinstance(codes, bytes):
            codes = codes.removesuffix(b"\n").split(b"\n") if codes else []
        columns = [
            self._ask(
                self._codes.VerifyCodes,
                code_pb2.VerifyCodesRequest(codes=b"\n".join(batch) + b"\n"),
            )
            for batch in batches(codes)
        ]
        return merged(columns)

    def check_alerts(self) -> list[CheckAlert]:
        """Return who went beyond a limit of wrong checks, the latest first (operator)."""
        answer = self._ask(self._codes.GetCheckAlerts, code_pb2.GetCheckAlertsRequest())
        return list(answer.alerts)

    # Accounts -------------------------------------------------------------------------------------

    def account(self, *, bin: str = "") -> Account:
        """Return the caller's account; an operator names the participant."""
        request = account_pb2.GetAccountRequest(bin=bin)
        return self._account(self._accounts.GetAccount, request)

    def transactions(self, *, bin: str = "", page_size: int = 0) -> Iterator[Transaction]:
        """Yield the journal of an account, the oldest first, reading page by page."""
        request = account_pb2.ListTransactionsRequest(bin=bin, page_size=page_size)
        return self._pages(self._accounts.ListTransactions, request, "transactions")

    def register_participant(self, bin: str, name: str, on: date) -> Account:
        """Register a participant as of a day (operator)."""
        request = account_pb2.RegisterParticipantRequest(
            bin=bin, name=name, registration_date=civil_date(on)
        )
        return self._account(self._accounts.RegisterParticipant, request)

    def activate_participant(self, bin: str, on: date) -> Account:
        """Put a participant's contract in force from a day on (operator)."""
        request = account_pb2.ActivateParticipantRequest(bin=bin, activation_date=civil_date(on))
        return self._account(self._accounts.ActivateParticipant, request)

    def credit(self, bin: str, amount_tiyn: int, reference: str) -> Account:
        """Book a payment under the bank's reference, once however often it is sent (operator)."""
        request = account_pb2.CreditAccountRequest(
            bin=bin, amount_tiyn=amount_tiyn, reference=reference
        )
        return self._account(self._accounts.CreditAccount, request)

    def issue_token(
        self, role: Role, bin: str = "", label: str = "token", lifetime: timedelta | None = None
    ) -> str:
        """Issue a token for a station of ``bin`` or for an operator (operator); shown once.

        Without a ``lifetime`` it lasts until it is revoked.
        """
        return self.new_token(role, bin, label, lifetime)[0]

    def new_token(
        self, role: Role, bin: str = "", label: str = "token", lifetime: timedelta | None = None
    ) -> tuple[str, AccessToken]:
        """Issue a token as `issue_token` does; return it with what `tokens` tells of it."""
        request = account_pb2.IssueTokenRequest(role=role, bin=bin, label=label, lifetime=lifetime)
        response = self._ask(self._accounts.IssueToken, request)
        return response.token, response.access_token

    def tokens(self, *, page_size: int = 0) -> Iterator[AccessToken]:
        """Yield all tokens, those that have ended too, without the tokens themselves (operator)."""
        request = account_pb2.ListTokensRequest(page_size=page_size)
        return self._pages(self._accounts.ListTokens, request, "access_tokens")

    def revoke_token(self, token_id: str) -> AccessToken:
        """End a token at once and for ever; again is the same as once (operator)."""
        request = account_pb2.RevokeTokenRequest(token_id=token_id)
        token: AccessToken = self._ask(self._accounts.RevokeToken, request).access_token
        return token

    # Stations of the HTTP door --------------------------------------------------------------------

    def register_station(
        self, bin: str, name: str, policy: SignaturePolicy | None = None
    ) -> tuple[str, str]:
        """Give a participant an order station; return its omsId and registration key."""
        request = station_pb2.RegisterStationRequest(bin=bin, name=name, signature_policy=policy)
        response = self._ask(self._stations.RegisterStation, request)
        return response.oms_id, response.registration_key

    def open_connection(
        self, oms_id: str, name: str, policy: SignaturePolicy | None = None
    ) -> Connection:
        """Open a connection of a station; without a policy it has the station's."""
        request = station_pb2.OpenConnectionRequest(
            oms_id=oms_id, name=name, signature_policy=policy
        )
        connection: Connection = self._ask(self._stations.OpenConnection, request).connection
        return connection

    def issue_client_token(self, connection_id: str) -> str:
        """Issue the clientToken of a connection, which ends the one before; it is shown once."""
        request = station_pb2.IssueClientTokenRequest(connection_id=connection_id)
        token: str = self._ask(self._stations.IssueClientToken, request).client_token
        return token

    def connections(self, *, page_size: int = 0) -> Iterator[Connection]:
        """Yield the connections of all stations."""
        request = station_pb2.ListConnectionsRequest(page_size=page_size)
        return self._pages(self._stations.ListConnections, request, "connections")

    def _order(self, method: Callable[..., Any], request: Message) -> Order:
        order: Order = self._ask(method, request).order
        return order

    def _account(self, method: Callable[..., Any], request: Message) -> Account:
        account: Account = self._ask(method, request).account
        return account
