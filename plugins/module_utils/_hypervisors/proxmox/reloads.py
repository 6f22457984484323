# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One bridge on one node: staged, looked at, reloaded; taken back where the API does not come back (private).

A reload applies everything that is staged on a node, whoever staged it. So nothing is staged, and nothing reloaded, while there is a change that
is not ours. What a run that was killed left staged is ours by the comment of its bridge, and the next run goes on with it.
"""

from __future__ import annotations

import shlex
import threading
import typing as t

from ..._core.errors import HypervisorError, RefusedError, UnreachableError, UnsupportedError
from ..._core.waiting import Deadline, wait_for
from .bridges import Bridge, Fields, Network
from .connection import Api, NodeError, PveError, UnansweredError, saying
from .tasks import FIRST_LOOK, SLOWEST_LOOK, Tasks

PATIENCE: t.Final = 60.0  # seconds that a node may be silent after its network was reloaded
FAILED: t.Final = "the node's network cannot be reloaded"
AWAY: t.Final = (NodeError, UnreachableError, UnansweredError)


class Reloads:
    """Makes and removes bridges. One at a time: a reload is everybody's."""

    def __init__(self, api: Api, tasks: Tasks) -> None:
        self._api = api
        self._tasks = tasks
        self._lock = threading.Lock()

    def read(self, node: str) -> Network:
        """Everything but VNets."""
        return Network.of(node, self._api.whole(f"nodes/{node}/network"))

    def look(self, node: str) -> Network:
        """The same. Raises RefusedError where something is staged that is not ours."""
        network = self.read(node)
        refuse_strange(node, network.strange)
        return network

    def make(self, node: str, fields: Fields) -> None:
        """Make a bridge, or bring up one of ours. Nothing is done where it is up already."""
        name = str(fields["iface"])
        with self._lock:
            before = self.look(node)
            bridge = before.bridges.get(name)
            if bridge is not None and bridge.is_ours and bridge.is_up:
                return
            if bridge is not None and bridge.is_ours and not _is_like(bridge, fields):
                self._delete(node, name)
                bridge = None
            if bridge is None:
                self._post(node, fields)
            change = _Change(node, name, f"bridge {name} added", lambda: self._delete(node, name), _command("delete", node, name))
            self._finish(change, before, lambda now: now.bridges[name].is_up if name in now.bridges else None)

    def remove(self, node: str, name: str) -> None:
        """Remove a bridge of ours."""
        with self._lock:
            before = self.look(node)
            bridge = before.bridges.get(name)
            if bridge is None and name not in before.leaving:
                return
            if bridge is not None and not bridge.is_ours:
                raise not_ours(node, name)
            fields = bridge.fields() if bridge is not None else before.leaving[name]
            if bridge is not None:
                self._delete(node, name)
            change = _Change(node, name, f"bridge {name} removed", lambda: self._post(node, fields), _command("create", node, name, fields))
            self._finish(change, before, lambda now: not now.is_staged)

    # Staging

    def _post(self, node: str, fields: Fields) -> None:
        try:
            self._api.post(f"nodes/{node}/network", **fields)
        except PveError as error:
            name = str(fields["iface"])
            bridge = self.read(node).bridges.get(name)
            if bridge is None:
                raise error.about(f"bridge {name} cannot be made on node {node}", _seeing(name)) from None
            if not bridge.is_ours:
                raise not_ours(node, name) from None

    def _delete(self, node: str, name: str) -> None:
        try:
            self._api.delete(f"nodes/{node}/network/{name}")
        except PveError as error:
            if isinstance(error, NodeError) or name in self.read(node).bridges:
                raise error.about(f"bridge {name} cannot be removed from node {node}") from None

    # Reloading

    def _finish(self, change: _Change, before: Network, done: t.Callable[[Network], bool | None]) -> None:
        """Reload, and see that the node is still there. `done`: whether it is so already; None where that is not to be seen."""
        now = self.read(change.node)
        is_done = done(now)
        strange = now.strange_since(before)
        if is_done is None or (strange and not is_done):
            change.unstage()
            refuse_strange(change.node, strange)
            raise UnsupportedError(f"bridge {change.name} on node {change.node} is not shown to this login", remedy=_seeing(change.name))
        if is_done:  # another run's reload took it along
            return
        answering = self._api.answering()
        upid: str | None = None
        try:
            with saying(f"{FAILED}: {change.node}"):
                upid = self._api.put(f"nodes/{change.node}/network")
        except UnansweredError:
            pass  # the reload may have been quicker than its own answer
        except PveError:
            change.unstage()
            raise

        def ended() -> bool:
            return self._has_ended(upid) if upid else bool(done(self.read(change.node)))

        if not self._comes_back(change.node, answering, ended, self._api.task_timeout if upid else PATIENCE):
            self._take_back(change, answering)

    def _has_ended(self, upid: str) -> bool:
        try:
            self._tasks.wait(upid, FAILED, timeout=0)
        except UnansweredError:
            return False
        return True

    def _comes_back(self, node: str, answering: frozenset[str], ended: t.Callable[[], bool], timeout: float) -> bool:
        """Wait for the end of a reload; whether node and hosts that answered before it answer after it. A slow reload is no silent node."""
        silence = Deadline(PATIENCE)
        for dummy in Deadline(timeout).looks(FIRST_LOOK, SLOWEST_LOOK):
            if not self._answers(node, answering):
                if silence.passed:
                    return False
                continue
            silence = Deadline(PATIENCE)
            try:
                if ended() and self._answers(node, answering):
                    return True
            except AWAY:
                continue
        raise HypervisorError(f"{FAILED}: {node}", found=f"no end of the reload within {timeout:g} s", remedy="Run again")

    def _answers(self, node: str, answering: frozenset[str]) -> bool:
        """Whether the hosts that answered still do, and reach the node."""
        if not answering <= self._api.answering():
            return False
        try:
            self._api.get(f"nodes/{node}/network", type="bridge")
        except AWAY:
            return False
        return True

    def _take_back(self, change: _Change, answering: frozenset[str]) -> t.NoReturn:
        """Undo what was reloaded, through whatever host still reaches the node."""
        node = change.node
        try:
            self.look(node)
            change.unstage()
            self._tasks.wait(self._api.put(f"nodes/{node}/network"), FAILED)
        except (PveError, RefusedError, UnreachableError) as error:
            raise HypervisorError(
                f"node {node} does not answer since its network was reloaded, and the change cannot be taken back from here",
                wanted=f"an answer within {PATIENCE:g} s",
                found=f"{change.what}; {error.problem}",
                remedy=f"Undo it on the node itself: {change.command} (as root)",
            ) from None
        back = wait_for(lambda: self._answers(node, answering) or None, PATIENCE, first=FIRST_LOOK, slowest=SLOWEST_LOOK)
        raise HypervisorError(
            f"node {node} did not answer after its network was reloaded, so the change was taken back{'' if back else ', and it still does not'}",
            wanted=f"an answer within {PATIENCE:g} s",
            found=change.what,
            remedy="Look at the node's network and firewall before you run again",
        )


class _Change:
    """What is staged of one bridge, and how it is taken back: from here, and on the node itself."""

    def __init__(self, node: str, name: str, what: str, unstage: t.Callable[[], None], command: str) -> None:
        self.node = node
        self.name = name
        self.what = what
        self.unstage = unstage
        self.command = command


def refuse_strange(node: str, strange: t.Collection[str]) -> None:
    """Raise RefusedError where others have changes staged."""
    if strange:
        raise RefusedError(
            f"node {node} has network changes staged that are not ours, and a reload would apply them",
            found=", ".join(sorted(name or "a part of the file without a name" for name in strange)),
            remedy="Apply or revert them first: the node's page System, Network",
        )


def not_ours(node: str, name: str) -> RefusedError:
    return RefusedError(f"bridge {name} on node {node} is not ours", remedy="Choose another name, or use that bridge: attach_to")


def _is_like(bridge: Bridge, fields: Fields) -> bool:
    """Whether a bridge that is not up yet is what is wanted."""
    wanted = Bridge({**fields, "active": 0})
    return (bridge.addresses, bridge.mtu, bridge.knows_vlans) == (wanted.addresses, wanted.mtu, wanted.knows_vlans)


def _seeing(name: str) -> str:
    return f"Give the role ChrNetworks (SDN.Use) on /sdn/zones/localnetwork/{name} to the user, and to its token where that has privileges of its own"


def _command(verb: str, node: str, name: str, fields: Fields | None = None) -> str:
    """What undoes a change on the node itself."""
    options = " ".join(f"--{key} {shlex.quote(str(value).strip())}" for key, value in (fields or {}).items())
    path = f"/nodes/{node}/network{'' if verb == 'create' else f'/{name}'}"
    return f"pvesh {verb} {path}{' ' if options else ''}{options} && pvesh set /nodes/{node}/network"
