"""Coupons and budgets: what was given away, what was used of it, and what is left to give."""

from __future__ import annotations

from asyncio import wrap_future
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.answers.values import time
from api.auth import OPERATE, READ
from api.doors import Call, CustomerId, aside, door, engine_of, names_of, query_of, read, read_optional
from api.paging import Listing, Page, after, page
from api.repeats import acting
from engine.customers.zones import moment_of
from engine.errors import NotFoundError, RequestError
from engine.model.reasons import CouponStatus
from engine.runs.run import Coupon
from engine.runtime.engine import Engine
from engine.runtime.people.granting import BudgetNow, Use


class CouponAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon: what it gives, what it costs, whether it is still good.

    `ended_at` is when it was used, ran out or was made void; `reference` the shop's name of its use.
    """

    code: str
    customer: str
    run: str | None
    status: CouponStatus
    percent: str | None
    amount: str | None
    worth: str | None
    issued_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    reference: str | None
    note: str | None
    by: str | None


def coupon_answer(coupon: Coupon) -> CouponAnswer:
    """Give a coupon as it is answered with."""
    return CouponAnswer(
        code=coupon.code,
        customer=coupon.customer,
        run=coupon.run or None,
        status=coupon.status,
        percent=coupon.percent,
        amount=coupon.amount,
        worth=coupon.worth,
        issued_at=moment_of(coupon.issued_at),
        expires_at=time(coupon.expires_at),
        ended_at=time(coupon.ended_at),
        reference=coupon.reference,
        note=coupon.note,
        by=coupon.by,
    )


class CouponListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Whose coupons, and which of them."""

    customer: str
    status: CouponStatus | None = None


@get("/v1/coupons", opt=door(READ, query=CouponListing))
async def get_coupons(request: Call) -> Page[CouponAnswer]:
    """List the coupons of a customer, in the order of issue."""
    listing = query_of(request, CouponListing)
    last = after(listing, tuple[int, str])

    def find(engine: Engine) -> list[Coupon]:
        with engine.store.reader() as reader:
            found = reader.coupons(names_of(reader, listing.customer) or [])
        found = [one for one in found if listing.status in (None, one.status)]
        found.sort(key=lambda one: (one.issued_at, one.code))
        return [one for one in found if last is None or (one.issued_at, one.code) > last][: listing.limit + 1]

    found = await aside(find, engine_of(request))
    return page(listing, found, coupon_answer, lambda one: (one.issued_at, one.code))


@get("/v1/coupons/{code:str}", opt=door(READ))
async def get_coupon(request: Call, code: FromPath[str]) -> CouponAnswer:
    """Give one coupon."""

    def find(engine: Engine) -> Coupon | None:
        with engine.store.reader() as reader:
            return reader.coupon(code)

    found = await aside(find, engine_of(request))
    if found is None:
        raise NotFoundError(f"there is no coupon {code}; send the code as it was issued")
    return coupon_answer(found)


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256, description="Such as an order's id.")]


class Redeem(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The use of a coupon. The same `reference` again is the same use, not a second one."""

    reference: Annotated[Name | None, msgspec.Meta(description="The shop's own name of the use.")] = None
    customer: Annotated[
        CustomerId | None,
        msgspec.Meta(description="Who uses it; refused where it was issued to another customer."),
    ] = None


@post(
    "/v1/coupons/{code:str}/redeem", status_code=200, opt=door(OPERATE, body=Redeem | None, repeatable=True)
)
async def post_coupon_redemption(request: Call, code: FromPath[str]) -> CouponAnswer:
    """Use a coupon: it is good once, until it runs out; what it is worth is spent for good.

    It is an event of the customer: `coupon_redeemed`.
    """
    told = await read_optional(request, Redeem)
    engine = await acting(request, coupon_answer)
    use = Use(by=request.user.owner, customer=told.customer, reference=told.reference)
    return coupon_answer(await wrap_future(engine.redeem_coupon(code, use)))


class Void(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why a coupon is to be good no more."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


@post("/v1/coupons/{code:str}/void", status_code=200, opt=door(OPERATE, body=Void, repeatable=True))
async def post_coupon_void(request: Call, code: FromPath[str]) -> CouponAnswer:
    """Make a coupon void: what it is worth goes back to its budgets."""
    told = await read(request, Void)
    if not told.reason.strip():
        raise RequestError("reason is empty; say why", code="invalid_body")
    engine = await acting(request, coupon_answer)
    return coupon_answer(await wrap_future(engine.void_coupon(code, told.reason, request.user.owner)))


class BudgetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How a budget stands in its present period, in the workspace's currency.

    `reserved` is promised (issued and not used yet), `committed` spent for good. `left` is below 0 where
    the limit was lowered, or a use was heard of after its coupon had run out.
    """

    budget: str
    of: str
    per: str | None
    workflow: str | None
    period: Annotated[str, msgspec.Meta(description="The first day of the period.")]
    currency: str
    limit: Decimal
    reserved: Decimal
    committed: Decimal
    left: Decimal


class Budgets(msgspec.Struct, frozen=True):
    """The budgets of the policy."""

    items: list[BudgetAnswer]


@get("/v1/budgets", opt=door(READ))
async def get_budgets(request: Call) -> Budgets:
    """List the budgets; one that is counted per workflow once for each, per customer not at all."""

    def find(engine: Engine) -> list[BudgetNow]:
        return engine.budgets()

    found = await aside(find, engine_of(request))
    return Budgets([BudgetAnswer(**msgspec.structs.asdict(each)) for each in found])


HANDLERS = [get_coupons, get_coupon, post_coupon_redemption, post_coupon_void, get_budgets]
