"""The callbacks of one installation: what the edge asks of them, by room."""

from __future__ import annotations

from callbacks import lifecycle_events as events
from callbacks.booking import Promises
from callbacks.claiming import Claims
from callbacks.committing import Committer
from callbacks.model import CallbackRequest
from callbacks.reserving import Agents
from callbacks.reviewing import Reviews
from callbacks.rules import Policy, QueueRules, RulesOf
from callbacks.standing import Standing
from callbacks.store import Store


def default_rules(queue: str) -> QueueRules:
    """The rules of a queue of which nobody has said anything."""
    return QueueRules(name=queue)


class Callbacks:
    """Promises, claims, agents, the lines' standing and the reviews, over one store."""

    def __init__(self, store: Store, policy: Policy, rules_of: RulesOf) -> None:
        self.store = store
        self.policy = policy
        self.rules_of = rules_of
        self._committer = Committer(store, policy, rules_of)
        self.standing = Standing(self._committer)
        self.promises = Promises(self._committer, self.standing)
        self.claims = Claims(self._committer)
        self.agents = Agents(self._committer, self.claims)
        self.reviews = Reviews(self._committer, self.claims, self.standing)

    def apply(self, request_id: str, event: events.Event) -> CallbackRequest:
        """Note what happened to a request, and free its agent where the event ends their part.

        Raises `IllegalEventError`, and nothing has happened; `ConflictError` where the store is too busy.
        """
        return self._committer.apply(request_id, event)
