"""Reads the source of an expression into a tree: a tokenizer and a Pratt parser.

Precedence, weakest first: or; and; not; comparisons and `in` (which do not chain); + -; * /; a sign.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final, NoReturn

import msgspec

from flows.expressions.environment import BUILT_INS, MAX_NUMBER, QUEUE_FIELDS, Value
from flows.expressions.functions import FUNCTIONS, FirstArgument, Function

MAX_SOURCE: Final = 500
MAX_DEPTH: Final = 50


class ExpressionError(Exception):
    """An expression cannot be read; `column` counts from 1 in its source."""

    code = "expression"
    retryable = False

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


class Literal(msgspec.Struct, frozen=True):
    """A value that stands in the source."""

    value: Value


class Name(msgspec.Struct, frozen=True):
    """A value of the call."""

    name: str


class QueueField(msgspec.Struct, frozen=True):
    """`queue.` and one of its fields."""

    field: str


class ListOf(msgspec.Struct, frozen=True):
    """The list on the right of `in`."""

    items: tuple[Node, ...]


class Unary(msgspec.Struct, frozen=True):
    """`not` or a minus sign, and what it applies to."""

    operator: str
    operand: Node


class Binary(msgspec.Struct, frozen=True):
    """An operator between two operands."""

    operator: str
    left: Node
    right: Node


class Call(msgspec.Struct, frozen=True):
    """A function with its arguments."""

    function: str
    arguments: tuple[Node, ...]


Node = Literal | Name | QueueField | ListOf | Unary | Binary | Call


class Token(msgspec.Struct, frozen=True):
    """A piece of the source; `column` counts from 1."""

    kind: str
    text: str
    column: int


_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n\u00a0]+)
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?!\w))
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<name>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*(?!\w))
    |(?P<sign>==|!=|<=|>=|[<>+\-*/(),\[\]])""",
    re.VERBOSE,
)
_WORDS: Final = frozenset({"and", "or", "not", "in"})
_LITERALS: Final[dict[str, Value]] = {"true": True, "false": False, "none": None}
# Names that mean something else already, so that a flow can save no value under them.
RESERVED_NAMES: Final = frozenset({*_WORDS, *_LITERALS, *BUILT_INS, "queue"})
# What people write who know another language, or whose keyboard or word processor is helpful.
_HINTS: Final = (
    ("=", 'one "=" is no comparison; write =='),
    ("&", 'write "and" instead of &'),
    ("|", 'write "or" instead of |'),
    ("!", 'write "not" instead of !, or != between two values'),
    ("\u201c\u201d\u201e\u00ab\u00bb", 'put texts in straight quotes, "like this"'),
    ("\u2018\u2019", "put texts in straight quotes, 'like this'"),
    ("\"'", "this text has no closing quote"),
    ("{}", "an expression has no braces"),
    ("%", "there is no % here"),
    ("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "an invisible direction mark stands here"),
)

_BINDING: Final = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not in"), 4),
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
}
_NOT, _COMPARISON, _SIGN = 3, 4, 7


def parse_tree(source: str) -> Node:
    """The tree of an expression; raises `ExpressionError`."""
    if len(source) > MAX_SOURCE:
        raise ExpressionError(f"an expression has at most {MAX_SOURCE} characters", MAX_SOURCE + 1)
    parser = _Parser([*_tokens(source), Token("end", "", len(source.rstrip()) + 1)])
    tree = parser.whole()
    if max(depth for _, depth in walk(tree)) > MAX_DEPTH:
        raise ExpressionError("this is nested too deeply; split it with a set node", 1)
    return tree


def walk(tree: Node) -> Iterator[tuple[Node, int]]:
    """Every node of a tree with its depth, from 1."""
    waiting: list[tuple[Node, int]] = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        match node:
            case Unary():
                waiting.append((node.operand, depth + 1))
            case Binary():
                waiting += ((node.left, depth + 1), (node.right, depth + 1))
            case Call():
                waiting += ((argument, depth + 1) for argument in node.arguments)
            case ListOf():
                waiting += ((item, depth + 1) for item in node.items)


def _tokens(source: str) -> Iterator[Token]:
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None:
            raise ExpressionError(_complaint(source, position), position + 1)
        kind = found.lastgroup or ""
        if kind == "name" and found.group() in _WORDS:
            kind = "sign"
        if kind != "space":
            yield Token(kind, found.group(), position + 1)
        position = found.end()


def _complaint(source: str, position: int) -> str:
    character = source[position]
    for characters, hint in _HINTS:
        if character in characters:
            return hint
    if character.isdecimal() and not character.isascii():
        return f"write the digit {int(character)} instead of {character}"
    if character.isdecimal():
        return "this is no number; a name begins with a letter"
    if character.isalpha() or character == "_":
        word = re.match(r"\w+", source[position:])
        written = word.group() if word else character
        near = f"; did you mean {written.lower()}?" if re.fullmatch("[A-Za-z][A-Za-z0-9_]*", written) else ""
        return f'"{written}" is no name: names have small letters a to z, digits and _{near}'
    return f'"{character}" has no meaning here' if character.isprintable() else "an invisible character stands here"


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        if self._peek().kind == "end":
            self._fail(self._peek(), "there is no expression here")
        tree = self._expression(0)
        left_over = self._peek()
        if left_over.kind != "end":
            if left_over.text in {")", "]"}:
                self._fail(left_over, f"this {left_over.text} closes nothing")
            self._fail(left_over, f"an operator such as + or == is missing before {left_over.text}")
        return tree

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += token.kind != "end"
        return token

    def _fail(self, token: Token, message: str) -> NoReturn:
        raise ExpressionError(message, token.column)

    def _expect(self, text: str, opened: Token) -> None:
        token = self._take()
        if token.kind != "sign" or token.text != text:
            if token.kind == "end":
                self._fail(opened, f"this {opened.text} is never closed")
            self._fail(token, f"{text} or an operator should stand here, not {token.text}")

    def _expression(self, binding: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(self._peek(), "this is nested too deeply; split it with a set node")
        left = self._prefix()
        while (operator := self._infix()) and _BINDING[operator] > binding:
            token = self._take()
            if operator == "not in":
                self._take()
            own = _BINDING[operator]
            if operator in {"in", "not in"}:
                right = self._list() if self._peek().text == "[" else self._expression(own)
                left = Binary("in", left, right)
                left = Unary("not", left) if operator == "not in" else left
            else:
                left = Binary(operator, left, self._expression(own))
            if own == _COMPARISON and (chained := self._infix()) and _BINDING[chained] == _COMPARISON:
                self._fail(self._peek(), f"write each comparison on its own, joined by and ({token.text} came before)")
        self._depth -= 1
        return left

    def _infix(self) -> str | None:
        token = self._peek()
        if token.kind != "sign":
            return None
        if token.text == "not" and self._tokens[self._next + 1].text == "in":
            return "not in"
        return token.text if token.text in _BINDING else None

    def _prefix(self) -> Node:
        token = self._take()
        match token.kind, token.text:
            case "number", text:
                return Literal(self._number(token, text))
            case "text", text:
                return Literal(text[1:-1])
            case "name", text:
                return self._named(token, text)
            case "sign", "not":
                return Unary("not", self._expression(_NOT))
            case "sign", "-":
                return Unary("-", self._expression(_SIGN))
            case "sign", "(":
                inner = self._expression(0)
                self._expect(")", token)
                return inner
            case "sign", "[":
                self._fail(token, 'a list can only stand after in, such as: town in ["a", "b"]')
            case "end", _:
                self._fail(token, "the expression stops too early: a value is missing at its end")
        raise ExpressionError(f"a value is missing before {token.text}", token.column)

    def _number(self, token: Token, text: str) -> int | float:
        number = float(text)
        if number > MAX_NUMBER:
            self._fail(token, "this number is too large; put phone and card numbers in quotes")
        return int(number) if number.is_integer() else number

    def _list(self) -> Node:
        opened = self._take()
        items: list[Node] = []
        if self._peek().text == "]":
            self._fail(opened, "this list is empty")
        while True:
            items.append(self._expression(0))
            if self._peek().text != ",":
                break
            self._take()
        self._expect("]", opened)
        return ListOf(tuple(items))

    def _named(self, token: Token, text: str) -> Node:
        if self._peek().text == "(" and self._peek().kind == "sign":
            return self._call(token)
        if text in _LITERALS:
            return Literal(_LITERALS[text])
        owner, dot, field = text.partition(".")
        if dot or text == "queue":
            if owner != "queue" or field not in QUEUE_FIELDS:
                known = ", ".join(f"queue.{name}" for name in QUEUE_FIELDS)
                self._fail(token, f"there is no {text} (known: {known})")
            return QueueField(field)
        return Name(text)

    def _call(self, token: Token) -> Node:
        function = FUNCTIONS.get(token.text)
        if function is None:
            near = difflib.get_close_matches(token.text, FUNCTIONS, n=1, cutoff=0.5)
            meant = f"did you mean {near[0]}? " if near else ""
            self._fail(token, f"there is no function {token.text} ({meant}known: {', '.join(FUNCTIONS)})")
        opened = self._take()
        arguments: list[Node] = []
        if self._peek().text != ")":
            arguments.append(self._first_argument(token, function))
            while self._peek().text == ",":
                self._take()
                arguments.append(self._expression(0))
        self._expect(")", opened)
        maximum = len(arguments) if function.maximum is None else function.maximum
        if not function.minimum <= len(arguments) <= maximum:
            self._fail(token, f"{token.text} is written {function.signature}, not with {len(arguments)} in parentheses")
        return Call(token.text, tuple(arguments))

    def _first_argument(self, token: Token, function: Function) -> Node:
        place = self._peek()
        argument = self._expression(0)
        if function.first is FirstArgument.VALUE_NAME and not isinstance(argument, Name):
            self._fail(place, f"{token.text} takes the name of a value here, without quotes: {function.signature}")
        if function.first is FirstArgument.HOURS_NAME:
            if isinstance(argument, Name) and argument.name not in BUILT_INS:
                return Literal(argument.name)
            if not isinstance(argument, Literal) or not isinstance(argument.value, str):
                self._fail(place, f'{token.text} takes the name of opening hours here, such as {token.text}("office")')
        return argument
