# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The language's own commands: :put, :if, :local ..."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conversions import CONVERSIONS, convert, find, pick, seconds
from .errors import RouterError, missing
from .evaluator import ReturnSignal, Scope
from .menu import Command, Invocation, Menu
from .nodes import CodeBlock, Literal, Node, Operation
from .parser import Parser
from .values import NOTHING, Array, Code, Time, Value, parse_address, to_array, to_number, to_text

if TYPE_CHECKING:
    pass

_CONVERTS = (7, 12)  # the first release with :convert


def _need(call: Invocation, *names: str) -> Node:
    absent = [name for name in names if name not in call.nodes]
    if absent:
        raise missing(*absent)
    return call.nodes[names[0]]


def _name(call: Invocation, argument: str) -> str:
    node = _need(call, argument)
    return node.word if isinstance(node, Literal) else to_text(call.interpreter.evaluate(node, call.scope))


def _value(call: Invocation, argument: str, default: Value = NOTHING) -> Value:
    node = call.nodes.get(argument)
    return default if node is None else call.interpreter.evaluate(node, call.scope)


def _assigned(call: Invocation) -> Value:
    """The value of :local and its kin: an argument, or do={...} for a function."""
    return _value(call, "do") if "do" in call.nodes else _value(call, "value")


def _put(call: Invocation) -> Value:
    call.interpreter.emit(call.text("message"))
    return None


def _error(call: Invocation) -> Value:
    raise RouterError(call.text("message"))


def _return(call: Invocation) -> Value:
    raise ReturnSignal(call.need("value"))


def _local(call: Invocation) -> Value:
    call.scope.declare(_name(call, "name"), _assigned(call))
    return None


def _global(call: Invocation) -> Value:
    name = _name(call, "name")
    call.scope.declare_global(name)
    if "value" in call.nodes or "do" in call.nodes:
        call.scope.globals[name] = _assigned(call)
    return None


def _set(call: Invocation) -> Value:
    node = _need(call, "name")
    if isinstance(node, Operation) and node.operator == "->" and node.right is not None:
        target = call.interpreter.evaluate(node.left, call.scope)
        if not isinstance(target, Array):
            raise RouterError("no such item")
        target.put(call.interpreter.evaluate(node.right, call.scope), _assigned(call))
    elif not call.scope.assign(_name(call, "name"), _assigned(call)):
        raise RouterError(f"undefined variable {_name(call, 'name')}")
    return None


def _if(call: Invocation) -> Value:
    branch = "do" if call.interpreter.truth(_need(call, "condition"), call.scope) else "else"
    return call.interpreter.run_block(call.nodes[branch], call.scope) if branch in call.nodes else None


def _inner_scope(call: Invocation, values: dict[str, Value]) -> Scope:
    scope = Scope(call.scope.globals, call.scope)
    scope.variables.update(values)
    return scope


def _foreach(call: Invocation) -> Value:
    names = _name(call, "counter").split(",")
    body = _need(call, "do", "in")
    for key, value in to_array(_value(call, "in")).copy().pairs():
        entry = dict(zip(names, (key, value), strict=False)) if len(names) > 1 else {names[0]: value}
        call.interpreter.run_block(body, _inner_scope(call, entry))
    return None


def _for(call: Invocation) -> Value:
    body = _need(call, "do", "from", "to")
    start, end = to_number(_value(call, "from")), to_number(_value(call, "to"))
    if start is None or end is None:
        raise RouterError("invalid value for argument from")
    step = abs(to_number(_value(call, "step", 1)) or 1)
    counters = range(start, end + 1, step) if start <= end else range(start, end - 1, -step)
    for counter in counters:
        call.interpreter.run_block(body, _inner_scope(call, {_name(call, "counter"): counter}))
    return None


def _while(call: Invocation) -> Value:
    body = _need(call, "do", "condition")
    while call.interpreter.truth(call.nodes["condition"], call.scope):
        call.interpreter.tick()
        call.interpreter.run_block(body, call.scope)
    return None


def _do(call: Invocation) -> Value:
    body = _need(call, "command")
    try:
        value = call.interpreter.run_block(body, call.scope)
        while "while" in call.nodes and call.interpreter.truth(call.nodes["while"], call.scope):
            call.interpreter.tick()
            value = call.interpreter.run_block(body, call.scope)
        return value
    except RouterError:
        if "on-error" not in call.nodes:
            raise
        return call.interpreter.run_block(call.nodes["on-error"], call.scope)


def _onerror(call: Invocation) -> Value:
    """True where something went wrong; the variable holds the error's text with its place."""
    body = _need(call, "in", "error")
    try:
        call.interpreter.run_block(body, call.scope)
    except RouterError as error:
        scope = _inner_scope(call, {_name(call, "error"): error.text()})
        if "do" in call.nodes:
            call.interpreter.run_block(call.nodes["do"], scope)
        return True
    return False


def _retry(call: Invocation) -> Value:
    body = _need(call, "command", "delay", "max")
    pause = seconds(_value(call, "delay"), "delay")
    last: RouterError | None = None
    for attempt in range(to_number(_value(call, "max")) or 0):
        if attempt:
            call.interpreter.sleep(pause)
        try:
            return call.interpreter.run_block(body, call.scope)
        except RouterError as error:
            last = error
    if "on-error" in call.nodes:
        return call.interpreter.run_block(call.nodes["on-error"], call.scope)
    if last is not None:
        raise last
    return None


def _delay(call: Invocation) -> Value:
    call.interpreter.sleep(seconds(call.need("delay-time"), "delay-time"))
    return None


def _parse(call: Invocation) -> Value:
    source = call.text("value")
    return Code(CodeBlock(Parser(source, call.interpreter.router.root).script(), source), source)


def _time(call: Invocation) -> Value:
    before = call.interpreter.elapsed()
    call.interpreter.run_block(_need(call, "command"), call.scope)
    return Time(int((call.interpreter.elapsed() - before) * 1_000_000_000))


def _timestamp(call: Invocation) -> Value:
    return Time(int(call.interpreter.router.platform.now() * 1_000_000_000))


def _pick(call: Invocation) -> Value:
    return pick(call.need("counter"), call.need("begin"), call.values.get("end"))


def _find(call: Invocation) -> Value:
    return find(call.need("in"), call.need("key"), call.values.get("from"))


def _convert(call: Invocation) -> Value:
    return convert(call.need("value"), call.text("from", "raw"), call.text("to", "raw"))


def _import(call: Invocation) -> Value:
    """Errors are catchable; an import stops at the first one and keeps what was done before it."""
    source = call.interpreter.router.files.read(call.text("file-name"))
    if source is None:
        raise RouterError("Cannot open import file, file does not exist")
    try:
        call.interpreter.run_file(source)
    except RouterError as error:
        raise RouterError("Script Error: " + error.text()) from error
    call.interpreter.emit("Script file loaded and executed successfully")
    return None


def _ping(call: Invocation) -> Value:
    """Prints a row an echo and returns the number of answers."""
    address = parse_address(call.text("address"))
    if address is None:
        raise RouterError("invalid value for argument address")
    count = to_number(call.need("count"))
    if count is None or count < 1:
        raise RouterError("invalid value for argument count")
    pause = seconds(call.values.get("interval", 1), "interval")
    call.interpreter.emit("  SEQ HOST                                     SIZE TTL TIME       STATUS")
    answers = 0
    for sequence in range(count):
        spent = call.interpreter.ping(address, pause)
        answers += spent is not None
        if spent is None:
            result = f"{'timeout':>27}"
        else:
            result = f"{56:>4} {64:>3} {int(spent * 1000)}ms{int(spent * 1_000_000) % 1000}us"
            if sequence + 1 < count:
                call.interpreter.sleep(pause)
        call.interpreter.emit(f"{sequence:>5} {address:<40} {result}")
    call.interpreter.emit(f"    sent={count} received={answers} packet-loss={100 * (count - answers) // count}%")
    return answers


def _conversion(name: str) -> Command:
    conversion = CONVERSIONS[name]

    def handler(call: Invocation) -> Value:
        return conversion(call.need("value"))

    return Command(name, handler, positional=("value",), typed=True)


def _control_flow() -> list[Command]:
    return [
        *(
            Command(name, assign, ("do",), positional=("name", "value"), code=("do",), names=("name",), lazy=True)
            for name, assign in (("local", _local), ("global", _global), ("set", _set))
        ),
        Command("time", _time, positional=("command",), code=("command",), lazy=True),
        Command("if", _if, ("do", "else"), positional=("condition",), code=("do", "else"), lazy=True),
        Command(
            "foreach",
            _foreach,
            ("in", "do"),
            positional=("counter",),
            code=("do",),
            names=("counter",),
            many_names=True,
            lazy=True,
        ),
        Command(
            "for",
            _for,
            ("do",),
            positional=("counter", "from", "to", "step"),
            code=("do",),
            names=("counter",),
            lazy=True,
        ),
        Command("while", _while, ("do",), positional=("condition",), code=("do",), lazy=True),
        Command("do", _do, ("while", "on-error"), positional=("command",), code=("command", "on-error"), lazy=True),
        Command("onerror", _onerror, ("in", "do"), positional=("error",), code=("in", "do"), names=("error",), lazy=True),
        Command(
            "retry",
            _retry,
            ("delay", "max", "on-error"),
            positional=("command",),
            code=("command", "on-error"),
            lazy=True,
        ),
    ]


def build(release: tuple[int, int]) -> Menu:
    """The root menu with the commands that the language has in a release."""
    root = Menu("")
    for command in (
        *([Command("convert", _convert, ("from", "to"), positional=("value",), typed=True)] if release >= _CONVERTS else []),
        *_control_flow(),
        *(_conversion(name) for name in CONVERSIONS),
        Command("put", _put, positional=("message",), typed=True),
        Command("error", _error, positional=("message",), typed=True),
        Command("return", _return, positional=("value",), typed=True),
        Command("delay", _delay, positional=("delay-time",), typed=True),
        Command("parse", _parse, positional=("value",), typed=True),
        Command("pick", _pick, positional=("counter", "begin", "end"), typed=True),
        Command("find", _find, positional=("in", "key", "from"), typed=True),
        Command("timestamp", _timestamp),
        Command("import", _import, positional=("file-name",)),
        Command("ping", _ping, ("count", "interval"), positional=("address",)),
    ):
        root.add_command(command)
    return root
