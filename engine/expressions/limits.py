"""What is refused before rule-engine parses, whose parser already computes what is constant."""

from __future__ import annotations

from engine.errors import ExpressionError
from engine.expressions.tokens import Token, scan

LONGEST_TEXT = 4096
"""Bytes in UTF-8."""
MOST_TOKENS = 500
DEEPEST = 50
LONGEST_NUMBER = 50
LARGEST_EXPONENT = 300
_SPLIT = "split it into lines or named facts"

ALLOWED_FUNCTIONS = frozenset(
    (
        "abs all any e filter map max min parse_datetime parse_float parse_timedelta pi re_groups split sum"
    ).split()
)
REFUSED_FUNCTIONS = {
    "now": "`$now` reads the clock; write now",
    "today": "`$today` reads the clock; write now.date",
    "random": "`$random` would decide differently each time; write a split in a workflow",
    "range": "`$range` can fill the memory; compare with >= and <= instead",
}
_REFUSED_OPERATORS = {
    "BWLSH": ("`<<` is not part of the language; multiply by a number", "<"),
    "BWRSH": ("`>>` is not part of the language; divide by a number", ">"),
    "POW": ("`**` is not part of the language; multiply, as in x * x", "*"),
}
_OPENING = frozenset(("LPAREN", "LBRACKET", "LBRACE"))
_CLOSING = frozenset(("RPAREN", "RBRACKET", "RBRACE"))
# Each of these nests what follows it without a bracket.
_DEEPENING = frozenset(("NOT", "QMARK", "COALESCE"))
_ENDS_AN_OPERAND = frozenset(
    (
        "SYMBOL",
        "FLOAT",
        "FLOAT_INF",
        "FLOAT_NAN",
        "STRING",
        "BYTES",
        "DATETIME",
        "TIMEDELTA",
        "TRUE",
        "FALSE",
        "NULL",
    )
) | {"RPAREN", "RBRACKET", "RBRACE"}


def check_limits(text: str) -> None:
    """Raise ExpressionError where a text is longer, deeper or heavier than an expression may be."""
    limited(text)


def limited(text: str) -> list[Token]:
    """Give the tokens of a text that is within the limits, else raise ExpressionError."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LONGEST_TEXT:
        raise ExpressionError(
            "too_long",
            f"the expression has {size} bytes, {LONGEST_TEXT} are allowed; {_SPLIT}",
        )
    tokens = scan(text)
    if not tokens or tokens[0].type == "COMMENT":
        raise ExpressionError(
            "empty", "the expression is empty; write a comparison, such as customer.plan != 'free'", 0
        )
    if len(tokens) > MOST_TOKENS:
        raise ExpressionError(
            "too_long",
            f"the expression has {len(tokens)} words, {MOST_TOKENS} are allowed; {_SPLIT}",
            tokens[MOST_TOKENS].lexpos,
        )
    for token in tokens:
        _check_token(token)
    _check_depth(tokens)
    _check_comprehensions(tokens)
    return tokens


def _check_token(token: Token) -> None:
    refused = _REFUSED_OPERATORS.get(token.type)
    if refused is not None and token.value != "*":
        raise ExpressionError("operator", refused[0], token.lexpos, refused[1])
    if token.type == "FLOAT":
        _check_number(token)
    elif token.type == "SYMBOL" and token.value.startswith("$"):
        _check_function(token)


def _check_number(token: Token) -> None:
    base = token.value[:2].lower() in ("0x", "0o", "0b")
    exponent = "" if base else token.value.lower().partition("e")[2].lstrip("+-")
    if len(token.value) > LONGEST_NUMBER or len(exponent) > 3 or int(exponent or 0) > LARGEST_EXPONENT:
        raise ExpressionError(
            "number",
            f"the number is too large; write at most {LONGEST_NUMBER} digits,"
            f" and an exponent of at most {LARGEST_EXPONENT}",
            token.lexpos,
        )


def _check_function(token: Token) -> None:
    name = token.value[1:]
    if name in ALLOWED_FUNCTIONS:
        return
    *first, last = (f"${function}" for function in sorted(ALLOWED_FUNCTIONS))
    known = f"{', '.join(first)} or {last}"
    message = REFUSED_FUNCTIONS.get(name, f"`{token.value}` is no function; write {known}")
    suggestion = {"now": "now", "today": "now.date"}.get(name)
    raise ExpressionError("function", message, token.lexpos, suggestion)


def _check_depth(tokens: list[Token]) -> None:
    outer: list[int] = []
    depth = 0
    previous = ""
    for token in tokens:
        if token.type in _OPENING:
            outer.append(depth)
            depth += 1
        elif token.type in _CLOSING:
            depth = outer.pop() if outer else 0
        elif token.type in _DEEPENING or (token.type == "SUB" and previous not in _ENDS_AN_OPERAND):
            depth += 1
        elif token.type in ("AND", "OR", "COMMA"):
            depth = outer[-1] + 1 if outer else 0
        if depth > DEEPEST:
            raise ExpressionError(
                "too_deep",
                f"the expression is nested more than {DEEPEST} deep; {_SPLIT}",
                token.lexpos,
            )
        previous = token.type


def _check_comprehensions(tokens: list[Token]) -> None:
    # One entry a bracket that is open: whether a comprehension was seen in it, or in a bracket inside it.
    own, inner = [False], [False]
    for token in tokens:
        if token.type in _OPENING:
            own.append(False)
            inner.append(False)
        elif token.type in _CLOSING and len(own) > 1:
            seen = own.pop() or inner.pop()
            del inner[len(own) :]
            inner[-1] = inner[-1] or seen
        elif token.type == "FOR":
            if any(own) or inner[-1]:
                raise ExpressionError(
                    "comprehension",
                    "a list made from a list made from a list takes too long; make only one of them here",
                    token.lexpos,
                )
            own[-1] = True
