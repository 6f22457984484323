# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs what the parser made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .errors import RouterError, ScriptTimeoutError
from .menu import Invocation, Matcher
from .nodes import (
    ArrayLiteral,
    Call,
    CodeBlock,
    FunctionCall,
    Literal,
    Node,
    Operation,
    Property,
    Statement,
    Substitution,
    Text,
    Variable,
)
from .operators import apply_binary, apply_unary
from .parser import Parser
from .values import NOTHING, Array, Code, Nothing, Value, literal, to_bool, to_text

if TYPE_CHECKING:
    from .router import Router

# Steps between two looks at the clock, at which other scripts get their turn too.
_STEPS_PER_TURN = 500


class ReturnSignal(Exception):  # noqa: N818  it is no error
    """:return on its way to the function it ends."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class _Global(Nothing):
    """Stands in a scope for a global variable that was declared there."""


_GLOBAL = _Global()


class Scope:
    """Variables of one block. A function's scope has no parent: it sees its arguments and the globals it declares."""

    __slots__ = ("globals", "item", "parent", "variables")

    def __init__(self, global_values: dict[str, Value], parent: Scope | None = None) -> None:
        self.globals = global_values
        self.parent = parent
        self.variables: dict[str, Value] = {}
        self.item: Callable[[str], Value] | None = None

    def _owner(self, name: str) -> dict[str, Value] | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.variables:
                return self.globals if scope.variables[name] is _GLOBAL else scope.variables
            scope = scope.parent
        return None

    def get(self, name: str) -> Value:
        # Inside a where, a property hides the variable of the same name: a well-known trap of RouterOS.
        if self.item is not None:
            value = self.item(name)
            if not isinstance(value, Nothing):
                return value
        owner = self._owner(name)
        return NOTHING if owner is None else owner.get(name, NOTHING)

    def declare(self, name: str, value: Value) -> None:
        self.variables[name] = value

    def declare_global(self, name: str) -> None:
        self.variables[name] = _GLOBAL

    def assign(self, name: str, value: Value) -> bool:
        """False where no such variable was declared."""
        owner = self._owner(name)
        if owner is None:
            return False
        owner[name] = value
        return True


class Interpreter:
    """One run of a script, with its output and its time limit in seconds."""

    def __init__(self, router: Router, timeout: float | None = None) -> None:
        self.router = router
        self.output: list[str] = []
        self._timeout = timeout
        self._started = time.monotonic()
        self._slept = 0.0
        self._steps = 0

    def emit(self, text: str) -> None:
        self.output.append(text.replace("\r\n", "\n").replace("\n", "\r\n") + "\r\n")

    def report(self, row: dict[str, Value]) -> None:
        """Progress of a long command. A script shows only its end; the API sends each row."""

    def run_source(self, source: str) -> None:
        """Parse everything, then run it."""
        self._toplevel(Parser(source, self.router.root).script())

    def run_file(self, source: str) -> None:
        """Run each command as soon as it is read, as an import does."""
        self._toplevel(Parser(source, self.router.root).statements())

    def _toplevel(self, statements: Iterable[Statement]) -> None:
        try:
            self.run(statements, Scope(self.router.globals))
        except ReturnSignal:
            return

    def run(self, statements: Iterable[Statement], scope: Scope) -> Value:
        value: Value = None
        for statement in statements:
            value = self.execute(statement, scope)
        return value

    def run_block(self, node: Node, scope: Scope) -> Value:
        """Run the code in an argument such as do=."""
        if isinstance(node, CodeBlock):
            return self.run(node.statements, Scope(self.router.globals, scope))
        value = self.evaluate(node, scope)
        if isinstance(value, Code):
            return self.call_code(value, [], {})
        statements = Parser(to_text(value), self.router.root).script()
        return self.run(statements, Scope(self.router.globals, scope))

    def execute(self, statement: Statement, scope: Scope) -> Value:
        self.tick()
        if isinstance(statement, Call):
            return self._call(statement, scope)
        if isinstance(statement, FunctionCall):
            return self._function(statement, scope)
        return self.run(statement.statements, Scope(self.router.globals, scope))

    def tick(self) -> None:
        """Count a step: a script that never waits must end at its limit too."""
        self._steps += 1
        if self._timeout is not None and self._steps % _STEPS_PER_TURN == 0:
            self.router.give_way()
            if time.monotonic() - self._started > self._timeout:
                raise ScriptTimeoutError

    def sleep(self, seconds: float) -> None:
        """Wait, while other scripts run."""
        left = seconds if self._timeout is None else max(self._timeout - self.elapsed(), 0.0)
        self._slept += min(seconds, left)
        self.router.wait(min(seconds, left))
        if seconds > left:
            raise ScriptTimeoutError

    def ping(self, address: str, timeout: float) -> float | None:
        before = self.router.platform.now()
        spent = self.router.ping(address, timeout)
        self._slept += max(self.router.platform.now() - before, 0.0)
        if self._timeout is not None and self.elapsed() > self._timeout:
            raise ScriptTimeoutError
        return spent

    def elapsed(self) -> float:
        """Seconds of the limit that are used; a simulated clock's sleeping counts in full."""
        return max(time.monotonic() - self._started, self._slept)

    def _call(self, call: Call, scope: Scope) -> Value:
        command = call.command
        invocation = Invocation(command, self, scope, call.arguments, self._matcher(call.where, scope))
        try:
            if not command.lazy:
                for name, node in call.arguments.items():
                    as_written = isinstance(node, Literal) and not command.typed
                    invocation.values[name] = self._word(node) if as_written else self.evaluate(node, scope)
            return command.handler(invocation)
        except RouterError as error:
            if not error.place:
                error.place = f"{command.path}; line {call.line}"
            raise

    @staticmethod
    def _word(node: Node) -> str:
        assert isinstance(node, Literal)
        return node.word

    def _matcher(self, where: Node | None, scope: Scope) -> Matcher | None:
        if where is None:
            return None
        condition = where

        def matches(item: Callable[[str], Value]) -> bool:
            inner = Scope(self.router.globals, scope)
            inner.item = item
            return to_bool(self.evaluate(condition, inner)) is True

        return matches

    def _function(self, call: FunctionCall, scope: Scope) -> Value:
        target = self.evaluate(call.target, scope)
        positional = [self.evaluate(node, scope) for node in call.positional]
        named = {name: self.evaluate(node, scope) for name, node in call.named.items()}
        if isinstance(target, Code):
            return self.call_code(target, positional, named)
        if positional or named:
            error = RouterError("no such command")
            error.place = f"line {call.line}"
            raise error
        return target

    def call_code(self, code: Code, positional: list[Value], named: dict[str, Value]) -> Value:
        body = code.body
        assert isinstance(body, CodeBlock)
        scope = Scope(self.router.globals)
        scope.variables.update({str(index): value for index, value in enumerate(positional, 1)})
        scope.variables.update(named)
        try:
            return self.run(body.statements, scope)
        except ReturnSignal as returned:
            return returned.value

    def truth(self, node: Node, scope: Scope) -> bool:
        truth = to_bool(self.evaluate(node, scope))
        if truth is None:
            raise RouterError("conditional not boolean")
        return truth

    def evaluate(self, node: Node, scope: Scope) -> Value:
        if isinstance(node, Literal):
            return literal(node.word)
        if isinstance(node, Text):
            return "".join(part if isinstance(part, str) else to_text(self.evaluate(part, scope)) for part in node.parts)
        if isinstance(node, (Variable, Property)):
            return scope.get(node.name)
        if isinstance(node, Substitution):
            return self._substitute(node, scope)
        if isinstance(node, Operation):
            return self._operate(node, scope)
        if isinstance(node, ArrayLiteral):
            return self._array(node, scope)
        return Code(node, node.source)

    def _substitute(self, node: Substitution, scope: Scope) -> Value:
        try:
            return self.run(node.statements, Scope(self.router.globals, scope))
        except ReturnSignal as returned:
            return returned.value

    def _operate(self, node: Operation, scope: Scope) -> Value:
        left = self.evaluate(node.left, scope)
        if node.right is None:
            return apply_unary(node.operator, left)
        # RouterOS evaluates both sides of && and || always.
        return apply_binary(node.operator, left, self.evaluate(node.right, scope))

    def _array(self, node: ArrayLiteral, scope: Scope) -> Array:
        array = Array()
        for key, value in node.entries:
            if key is None:
                array.items.append(self.evaluate(value, scope))
            else:
                array.put(to_text(self.evaluate(key, scope)), self.evaluate(value, scope))
        return array
