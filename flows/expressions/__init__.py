"""The expressions of a flow: parsed once, evaluated safely, never Python."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from flows.expressions.environment import (
    BUILT_INS,
    Environment,
    EvaluationError,
    QueueState,
    Value,
    as_number,
    bounded,
    compare,
    equal,
    kind_of,
)
from flows.expressions.functions import FUNCTIONS, FirstArgument
from flows.expressions.parser import (
    RESERVED_NAMES,
    Binary,
    Call,
    ExpressionError,
    ListOf,
    Literal,
    Name,
    Node,
    QueueField,
    Unary,
    parse_tree,
    walk,
)

__all__ = [
    "RESERVED_NAMES",
    "Environment",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "QueueState",
    "Value",
    "evaluate",
    "parse",
]


class Expression(msgspec.Struct, frozen=True):
    """A parsed expression, and what it reads of the call and of its flow."""

    source: str
    tree: Node
    # Values that must be set, and values that known() and default() ask for. Built-in names are in neither.
    names: frozenset[str]
    optional_names: frozenset[str]
    hours_names: frozenset[str]
    uses_queue: bool


@lru_cache(maxsize=4096)
def parse(source: str) -> Expression:
    """Read an expression; raises `ExpressionError` with a message for its author and a column from 1."""
    tree = parse_tree(source)
    nodes = [node for node, _ in walk(tree)]
    asked = [node for node in nodes if isinstance(node, Call) and node.arguments]
    # By identity: one and the same name may be asked for in one place and required in another.
    optional = {id(node.arguments[0]) for node in asked if FUNCTIONS[node.function].first is FirstArgument.VALUE_NAME}
    free = [node for node in nodes if isinstance(node, Name) and node.name not in BUILT_INS]
    return Expression(
        source=source,
        tree=tree,
        names=frozenset(node.name for node in free if id(node) not in optional),
        optional_names=frozenset(node.name for node in free if id(node) in optional),
        hours_names=frozenset(
            str(node.arguments[0].value)
            for node in asked
            if FUNCTIONS[node.function].first is FirstArgument.HOURS_NAME and isinstance(node.arguments[0], Literal)
        ),
        uses_queue=any(isinstance(node, QueueField) for node in nodes),
    )


def evaluate(expression: Expression, environment: Environment) -> Value:
    """The value of an expression in a call; raises `EvaluationError`."""
    return _value(expression.tree, environment)


def _value(node: Node, environment: Environment) -> Value:
    match node:
        case Literal():
            return node.value
        case Name():
            return _named(node.name, environment)
        case QueueField():
            if environment.queue is None:
                raise EvaluationError(f"queue.{node.field} is not known in this call")
            return bounded(getattr(environment.queue, node.field))
        case Unary():
            operand = _value(node.operand, environment)
            return not _truth(operand, "not") if node.operator == "not" else bounded(-as_number(operand, "-"))
        case Binary():
            return _binary(node, environment)
        case Call():
            return _call(node, environment)
        case ListOf():
            raise EvaluationError("a list is no value")


def _named(name: str, environment: Environment) -> Value:
    if name in BUILT_INS:
        return BUILT_INS[name].read(environment)
    if name not in environment.values:
        raise EvaluationError(f'the value "{name}" is not set in this call')
    return bounded(environment.values[name])


def _call(node: Call, environment: Environment) -> Value:
    function = FUNCTIONS[node.function]
    arguments = list(node.arguments)
    values: list[Value] = []
    if function.first is FirstArgument.VALUE_NAME and isinstance(arguments[0], Name):
        name = arguments[0].name
        known = name in BUILT_INS or name in environment.values
        values.append(_named(name, environment) if known else None)
    values += [_value(argument, environment) for argument in arguments[len(values) :]]
    return bounded(function.call(environment, tuple(values)))


def _truth(value: Value, what: str) -> bool:
    if not isinstance(value, bool):
        raise EvaluationError(f"{what} needs true or false, not {kind_of(value)}; compare it with something")
    return value


def _binary(node: Binary, environment: Environment) -> Value:
    operator = node.operator
    left = _value(node.left, environment)
    if operator in {"and", "or"}:
        if _truth(left, operator) is (operator == "or"):
            return left
        return _truth(_value(node.right, environment), operator)
    if operator == "in":
        return _contains(left, node.right, environment)
    right = _value(node.right, environment)
    match operator:
        case "==":
            return equal(left, right, operator)
        case "!=":
            return not equal(left, right, operator)
        case "<":
            return compare(left, right, operator) < 0
        case "<=":
            return compare(left, right, operator) <= 0
        case ">":
            return compare(left, right, operator) > 0
        case ">=":
            return compare(left, right, operator) >= 0
    return _arithmetic(operator, left, right)


def _contains(left: Value, right: Node, environment: Environment) -> bool:
    if isinstance(right, ListOf):
        return any(equal(left, _value(item, environment), "in") for item in right.items)
    whole = _value(right, environment)
    if not isinstance(left, str) or not isinstance(whole, str):
        raise EvaluationError(f"in looks for a text in a text, not for {kind_of(left)} in {kind_of(whole)}")
    return left in whole


def _arithmetic(operator: str, left: Value, right: Value) -> Value:
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        return bounded(left + right)
    if operator == "+" and {kind_of(left), kind_of(right)} == {"a text", "a number"}:
        raise EvaluationError(
            "+ joins two texts or adds two numbers; write text(...) or number(...) around one of them"
        )
    first, second = as_number(left, operator), as_number(right, operator)
    match operator:
        case "+":
            return bounded(first + second)
        case "-":
            return bounded(first - second)
        case "*":
            return bounded(first * second)
    if second == 0:
        raise EvaluationError("/ divides by zero")
    return bounded(first / second)
