"""Every error that Holdfast raises on purpose.

HoldfastError
├── AuthoringError            what somebody wrote cannot be loaded; carries every finding
├── ExpressionError           an expression is outside the language; carries the offset
├── ValueSyntaxError          a typed value (duration, percent, ...) is written wrongly
├── QuarantineError           one event cannot be accepted; its neighbours can
├── RequestError              a request is wrong; carries the HTTP-neutral kind and pointers
│   ├── NotFoundError
│   ├── ConflictError
│   ├── UnauthenticatedError
│   │   └── SignatureError    a webhook without its vendor's signature
│   ├── ForbiddenError
│   └── TooManyError          says when to come again
├── DeliveryError             a connector refused or could not be reached; says whether to retry
└── StoreError                the database is not usable as it is
    ├── DatabaseInUseError    another engine holds this SQLite file
    ├── SchemaTooOldError     run the migration command first
    ├── SchemaTooNewError     this program is older than the database
    └── TransientStoreError   this very transaction failed; the same work may be tried again
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Finding(msgspec.Struct, frozen=True, order=True):
    """One thing wrong in one place of an authored file. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        """Give the line that people and editors read: ``file:line:column: message; hint``."""
        joint = ", " if self.hint.endswith("?") else "; "
        tail = joint + self.hint if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{tail}"


class HoldfastError(Exception):
    """The root: catch this to catch everything that Holdfast raises on purpose."""


class AuthoringError(HoldfastError):
    """Authored files cannot be loaded; `findings` lists every error, in file order."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = tuple(findings)


class ExpressionError(HoldfastError):
    """An expression is refused; `offset` counts characters of the author's text from 0."""

    def __init__(
        self, code: str, message: str, offset: int | None = None, suggestion: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.offset = offset
        self.suggestion = suggestion


class ValueSyntaxError(HoldfastError, ValueError):
    """A typed value is written wrongly; the message says what to write instead."""


class QuarantineError(HoldfastError):
    """An event cannot be accepted; `code` is one of `engine.model.reasons.QuarantineReason`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class RequestError(HoldfastError):
    """A request is wrong; `errors` holds (JSON pointer, code, detail) for each place."""

    code = "invalid_request"

    def __init__(
        self, detail: str, *, code: str | None = None, errors: Sequence[tuple[str, str, str]] = ()
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = tuple(errors)


class NotFoundError(RequestError):
    """What was asked for does not exist."""

    code = "not_found"


class ConflictError(RequestError):
    """The request contradicts what is stored."""

    code = "conflict"


class UnauthenticatedError(RequestError):
    """No key, or one that is not good; `because` is for the meters, and nobody outside is told it.

    `key` is the id of the key that was known, where it was one that is good no more, or not from there.
    """

    code = "unauthenticated"

    def __init__(self, detail: str, *, because: str = "other", key: str | None = None) -> None:
        super().__init__(detail)
        self.because = because
        self.key = key


class SignatureError(UnauthenticatedError):
    """A message that is not signed by whom it says it comes from."""

    code = "bad_signature"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, because="signature")


class ForbiddenError(RequestError):
    """The key's role may not do this."""

    code = "forbidden"


class TooManyError(RequestError):
    """The key has asked for more than it may; `retry_after` are whole seconds."""

    code = "too_many_requests"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class DeliveryError(HoldfastError):
    """A connector did not take an effect.

    `retryable` tells whether another attempt makes sense, `retry_after` (seconds) when the other
    side asked for patience, `uncertain` whether it may have taken the effect all the same.
    """

    def __init__(
        self,
        detail: str,
        *,
        retryable: bool = True,
        retry_after: float | None = None,
        uncertain: bool = False,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retryable = retryable
        self.retry_after = retry_after
        self.uncertain = uncertain


class StoreError(HoldfastError):
    """The database cannot be used as it is; the message says what to do."""


class DatabaseInUseError(StoreError):
    """Another engine holds this SQLite file; only one may."""


class SchemaTooOldError(StoreError):
    """The database is older than the program: run `holdfast doctor --migrate` first."""


class SchemaTooNewError(StoreError):
    """The database is newer than the program: run a newer Holdfast."""


class TransientStoreError(StoreError):
    """A transaction failed through no fault of its own, and left nothing: its work may be tried again.

    Another transaction had to go first, or the database could not be reached for a while.
    """
