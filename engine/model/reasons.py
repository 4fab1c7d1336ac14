"""The closed lists: outcomes, statuses and reasons. Each member's comment is its documentation."""

from __future__ import annotations

import enum


class DecisionOutcome(enum.Enum):
    """What a rule decided for a customer."""

    FIRED = "fired"  # every line was met and the rule acted
    NOT_MET = "not_met"  # a line was not met
    UNKNOWN = "unknown"  # no line failed, but one reads a fact that is unknown
    ERROR = "error"  # a line could not be evaluated
    AT_MOST = "at_most"  # met, but the rule had fired as often as it may
    TOO_LATE = "too_late"  # the event occurred too long before it was received
    SHADOW = "shadow"  # met; the rule is in shadow, so nothing was done


class UnknownReason(enum.Enum):
    """Why a fact is unknown."""

    NEVER_SENT = "never_sent"  # no value has been sent and there is no default
    NO_EVENTS = "no_events"  # there is nothing in the window to compute it from
    INSUFFICIENT_HISTORY = "insufficient_history"  # fewer complete weeks than it needs
    INSUFFICIENT_VOLUME = "insufficient_volume"  # the baseline is under `at_least`
    WITHIN_NOISE = "within_noise"  # a fall, but inside `robust` standard deviations: 0
    TOO_MANY = "too_many"  # over 10,000 keys in `distinct` or `per`
    INSUFFICIENT_COVERAGE = "insufficient_coverage"  # the score's parts weigh less than `coverage`
    INSUFFICIENT_GAPS = "insufficient_gaps"  # the base has fewer than 200 gaps for a p90
    FAILED = "failed"  # a named expression could not be evaluated


class RunStatus(enum.Enum):
    """Where a run stands."""

    RUNNING = "running"  # a step is due now
    WAITING = "waiting"  # for a time, an event, a person, or an effect to settle
    COMPLETED = "completed"  # the last step was reached
    STOPPED = "stopped"  # a `stop`, an exit, or a failure with on_failure: stop
    CANCELLED = "cancelled"  # an operator, a merge or a release ended it
    FAILED = "failed"  # the definition could not be carried out
    REFUSED = "refused"  # it could not start


class Refusal(enum.Enum):
    """Why a run could not start."""

    REENTRY = "reentry"  # the customer ran it within `reentry`
    RUNNING = "running"  # a run of this customer and key is open
    CONSENT = "consent"  # no consent for the workflow's class
    ADDRESS = "address"  # no address to reach the customer at
    SUPPRESSED = "suppressed"  # the customer is suppressed
    GROUP = "group"  # a run of its exclusivity group with at least its rank is open
    NOT_LIVE = "not_live"  # the workflow is a draft or off
    HOPS = "hops"  # ten runs already led to this one


class StepOutcome(enum.Enum):
    """How one attempt at a step ended."""

    EXECUTED = "executed"  # done
    HELD = "held"  # put off until a time that is recorded
    SKIPPED = "skipped"  # left out, and the run went on
    CANCELLED = "cancelled"  # called off because the run ended
    FAILED = "failed"  # refused by the other side
    UNCERTAIN = "uncertain"  # sent at most once, and nobody knows whether it arrived
    HELD_OUT = "held_out"  # not done: the customer is in the control group


class SkipReason(enum.Enum):
    """Why a `do` was left out, or a person was not asked."""

    CONSENT = "consent"  # no consent for the channel, or it was withdrawn
    ADDRESS = "address"  # no address on the channel
    SUPPRESSED = "suppressed"  # the address or the customer is suppressed, or unsubscribed
    QUIET = "quiet"  # it would have been held for longer than quiet_hours.at_most
    FREQUENCY_CAP = "frequency_cap"  # the customer had as many messages as caps allow
    CADENCE = "cadence"  # the customer asked for fewer messages than the caps allow
    PREFERENCE = "preference"  # the customer prefers another channel, and the policy says to skip then
    BUDGET = "budget"  # the budget is spent
    CEILING = "ceiling"  # the day's ceiling of messages is reached
    OUTRANKED = "outranked"  # a workflow of a higher rank spoke, or is about to
    RECIPIENT = "recipient"  # nobody to tell
    ASKS_FULL = "asks_full"  # as many questions as `asks_at_most` allows wait for the person
    OVER_GRANT = "over_grant"  # it is worth more than the person's `may_grant` has left


class SuppressionReason(enum.Enum):
    """Why an address or a customer gets no messages; `contact.suppress` may give a reason of its own."""

    HARD_BOUNCE = "hard_bounce"  # the address does not exist, or takes nothing for good
    COMPLAINT = "complaint"  # the customer complained to the provider
    UNSUBSCRIBED = "unsubscribed"  # the customer wants no marketing on the channel
    OPERATOR = "operator"  # a person said so
    IMPORTED = "imported"  # it stood on a list that was imported
    ERASED = "erased"  # the customer was erased and must not be written to again


class CouponStatus(enum.Enum):
    """Where a coupon stands."""

    ISSUED = "issued"  # it may be used
    REDEEMED = "redeemed"  # it was used; it is good for nothing more
    EXPIRED = "expired"  # it ran out unused; its worth went back to the budget
    VOID = "void"  # a person made it void; its worth went back to the budget


class CouponRefusal(enum.Enum):
    """Why the use of a coupon was refused."""

    UNKNOWN = "unknown"  # the customer has no such coupon
    REDEEMED = "redeemed"  # it was used before
    EXPIRED = "expired"  # it had run out
    VOID = "void"  # it was made void


class HoldReason(enum.Enum):
    """Why a `do` was put off."""

    QUIET_HOURS = "quiet_hours"  # the customer's quiet hours
    FREQUENCY_CAP = "frequency_cap"  # a cap with on_capped: hold
    PAUSED = "paused"  # an operator paused sending


class EndReason(enum.Enum):
    """Why a run ended before its last step; a `stop:` step's own text comes besides."""

    EXIT = "exit"  # an event of stop_when
    FREQUENCY_CAP = "frequency_cap"  # a cap with on_capped: stop
    EFFECT_FAILED = "effect_failed"  # a `do` failed with on_failure: stop
    OUTRANKED = "outranked"  # a higher rank of its exclusivity group started
    MERGED = "merged"  # two customers became one, and the older run survived
    OPERATOR = "operator"  # a person cancelled it
    RELEASE = "release"  # its file changed with on_change: stop
    ERASED = "erased"  # the customer was erased
    ERROR = "error"  # the definition could not be carried out


class StayReason(enum.Enum):
    """Why a run could not be moved to a changed file with on_change: move; it finishes on the old one."""

    STEP_GONE = "step_gone"  # the new file has no step at the place where it stands
    OTHER_STEP = "other_step"  # the step there does something else, or waits for something else
    DEFINITION_GONE = "definition_gone"  # what it was started with cannot be read any more


class OverdueReason(enum.Enum):
    """Why a run stands still that should have moved."""

    NOT_PLAYED = "not_played"  # its time has come, and no worker has taken it up
    SET_ASIDE = "set_aside"  # the core failed on its customer, who is tried again each minute
    PAUSED = "paused"  # an operator paused its workflow
    DEFINITION_GONE = "definition_gone"  # what it was started with cannot be read any more
    NOT_SENT = "not_sent"  # what it sends is due, and no worker has sent it
    SENDER_GONE = "sender_gone"  # whoever was sending for it was never heard of again
    DEAD_LETTER = "dead_letter"  # what it sends was given up; replay it, or cancel the run
    UNCERTAIN = "uncertain"  # nobody knows whether what it sends arrived; a person has to say


class QuarantineReason(enum.Enum):
    """Why an event was not accepted."""

    NOT_AN_OBJECT = "not_an_object"  # an event is a JSON object
    INVALID_JSON = "invalid_json"  # the bytes are not JSON
    NO_CUSTOMER = "no_customer"  # neither a customer nor an anonymous id
    NO_NAME = "no_name"  # no event name
    BAD_NAME = "bad_name"  # the name is empty, too long, or not text
    BAD_TIME = "bad_time"  # a time that cannot be read, or before 1970 or after 2200
    BAD_VALUE = "bad_value"  # NaN, infinity, a lone surrogate, NUL, a number out of range
    TOO_DEEP = "too_deep"  # nested over 32 levels
    TOO_LARGE = "too_large"  # over 64 KB
    MISSING_PROPERTY = "missing_property"  # a property declared `required` is absent
    WRONG_TYPE = "wrong_type"  # a declared property or trait has another type
    PROTECTED = "protected"  # an ingest key may not set a protected trait
    RESERVED_NAME = "reserved_name"  # the name belongs to the engine's own events
    ERASED = "erased"  # the customer was erased; nothing of the event is kept
    CORE_ERROR = "core_error"  # the engine could not decide it; replay it after a fix


class ExperimentStatus(enum.Enum):
    """Where an experiment stands."""

    NOT_STARTED = "not_started"  # nobody has come to it yet
    RUNNING = "running"  # it goes on: intervals allow for being looked at any day
    ENDED = "ended"  # the day `until` is over, and so is the time of the last who came


class Verdict(enum.Enum):
    """What a comparison of two arms says."""

    TOO_EARLY = "too_early"  # undecided: wait for the declared end, or for more customers
    NO_PROVEN_EFFECT = "no_proven_effect"  # the interval holds zero: there may be an effect or none
    BETTER = "better"  # the whole interval is above zero
    WORSE = "worse"  # the whole interval is below zero
    SAMPLE_RATIO_MISMATCH = "sample_ratio_mismatch"  # the arms are not as they were drawn; nothing is shown


class ChurnReason(enum.Enum):
    """Why a customer left."""

    POOR_SERVICE = "poor_service"  # many tickets, slow answers, low satisfaction
    QUALITY = "quality"  # the product disappoints: bad reviews, fewer repeat orders, broken promises
    LOW_ENGAGEMENT = "low_engagement"  # fewer visits and less use
    UX_FRICTION = "ux_friction"  # hard to use: carts left behind, visits cut short
    INEFFECTIVE_MARKETING = "ineffective_marketing"  # messages that miss, or too many of them
    COMPETITION_MARKET = "competition_market"  # somebody else's offer, or a market that moved
    PRICE_BUDGET = "price_budget"  # too expensive, or no money for it any more
    ORG_CHANGE = "org_change"  # the customer's own organisation changed
    ONBOARDING_GAP = "onboarding_gap"  # never got going
    RELATIONSHIP_LOSS = "relationship_loss"  # the person on either side left
    PAYMENT_FAILURE = "payment_failure"  # a payment failed; involuntary


class NoFigure(enum.Enum):
    """Why a metric has no value."""

    EMPTY_DENOMINATOR = "empty_denominator"  # there is nobody, or nothing, to take a share of
    NO_CHURN = "no_churn"  # nobody left, so that a lifespan has no end; set lifespan_cap
    NO_MARGIN = "no_margin"  # metrics: has no margin
    INSUFFICIENT_DATA = "insufficient_data"  # fewer observations than are needed
    INCOMPLETE = "incomplete"  # its period has not ended yet


class GoalStatus(enum.Enum):
    """Where a goal stands."""

    NOT_STARTED = "not_started"  # its first day has not come
    ON_TRACK = "on_track"  # at least as far as the straight line from the baseline to the target
    BEHIND = "behind"  # not as far as that line
    ACHIEVED = "achieved"  # the target was met at the deadline; final
    MISSED = "missed"  # it was not; final
    INSUFFICIENT_DATA = "insufficient_data"  # too few observations to say, now or for the baseline


class Restatement(enum.Enum):
    """Why a closed month's figure has another version."""

    CLOSED = "closed"  # the first one, after the month's end
    LATE_EVENTS = "late_events"  # events of the month, or before it, were received after
    DEFINITION = "definition"  # the metric's declaration changed
    CORRECTED = "corrected"  # customers were merged or erased


class ReleaseCause(enum.Enum):
    """Why other files went live."""

    START = "start"  # a start on a folder that had changed, or its own command: nobody else was asked
    APPROVED = "approved"  # a proposal, once another human had approved its very content
    ROLLBACK = "rollback"  # a person went back to files that were live before
    EMERGENCY = "emergency"  # one person alone; it goes back by itself unless another one approves it
    REVERSAL = "reversal"  # an emergency that nobody approved in time went back by itself


class ChangeKind(enum.Enum):
    """What a line of the record of changes tells."""

    STARTED = "started"  # a changed folder was taken over, without a second person
    PROPOSED = "proposed"  # a plan was put before the others
    REPLACED = "replaced"  # its author put another one in its place, and what was said to it is void
    REJECTED = "rejected"  # it will not go live
    APPROVED = "approved"  # another human than the author said yes to its content hash
    EMERGENCY = "emergency"  # it was made live by one person, for a reason
    REVERSED = "reversed"  # an emergency was taken back, since nobody had approved it in time
    ROLLED_BACK = "rolled_back"  # a person went back to what was live before
    LIVE = "live"  # every customer has come over to it, and it decides from now on
