"""Wiring: what `web` and `worker` are made of, from the settings."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

from callbacks.dispatch import Dispatcher
from callbacks.model import CallbackRequest
from callbacks.redis_store import RedisStore
from callbacks.rules import Policy
from callbacks.service import Callbacks
from ivr.after_call import AfterCall
from ivr.dialler import CarrierDialler
from ivr.documents import Documents, standing_prompts
from ivr.effects import Effects
from ivr.flow_audio import FlowAudio
from ivr.flow_file import FlowFile
from ivr.promise_effects import PromiseEffects
from ivr.prompt_files import PromptFiles
from ivr.queue_rules import CurrentRules
from ivr.redis_calls import CallStore
from ivr.redis_client import Redis, connect
from ivr.redis_clock import SharedClock
from ivr.redis_contexts import Contexts
from ivr.redis_flows import FlowSource, FlowStore, PublishedFlow
from ivr.redis_heartbeats import Heartbeats
from ivr.redis_hints import MachineHints
from ivr.redis_listen import ListenStore
from ivr.redis_prompts import PromptTexts
from ivr.redis_publications import Publications
from ivr.redis_standing import Standing
from ivr.redis_texts import TextLedger
from ivr.redis_traces import TraceStore
from ivr.settings import Settings, SettingsError
from ivr.sound import espeak
from ivr.spoken_prompts import SpokenPrompts
from ivr.texts import Texts
from ivr.turns import Turns
from ivr.twilio_rest import Carrier, HttpClient
from ivr.urls import Urls
from ivr.wordings import Wordings

log = structlog.get_logger()

BACKGROUND_THREADS: Final = 4
# A real carrier takes 0.1 to 0.3 s to accept a call. As many connections to it are kept open.
DIALS_AT_ONCE: Final = 10


def utc_now() -> datetime:
    """The present instant; the one clock of the edge."""
    return datetime.now(UTC)


class Services(msgspec.Struct, frozen=True):
    """Everything that the edge shares."""

    settings: Settings
    redis: Redis
    carrier: Carrier
    callbacks: Callbacks
    calls: CallStore
    contexts: Contexts
    after_call: AfterCall
    hints: MachineHints
    wordings: Wordings
    listening: ListenStore
    heartbeats: Heartbeats
    clock: SharedClock
    standing: Standing
    flows: FlowStore
    traces: TraceStore
    dialler: CarrierDialler
    dispatcher: Dispatcher
    turns: Turns
    urls: Urls
    documents: Documents
    prompts: SpokenPrompts
    audio: FlowAudio
    # For what may take longer than a webhook may: the carrier's REST interface.
    background: Executor

    def beside(self, work: Callable[..., None], *arguments: object) -> None:
        """Do it on another thread: the webhook must not wait for the carrier."""

        def guarded() -> None:
            try:
                work(*arguments)
            except Exception:
                log.exception("work beside a webhook failed", work=work.__name__)

        self.background.submit(guarded)


def build(settings: Settings, *, http_client: HttpClient | None = None, background: Executor | None = None) -> Services:
    """Make the services; `http_client` reaches the carrier's REST interface in another way than over the network.

    Raises `flows.problems.FlowError` for a flow that cannot be used, `NotPublishedError` where FLOW_NAME is not there.
    """
    if settings.redis_url is None:
        raise SettingsError(["REDIS_URL: is not set; `ivr serve` starts a private Redis server and sets it"])
    client = connect(settings.redis_url)
    carrier = Carrier(
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value(),
        settings.twilio_api_url,
        http_client,
    )
    urls = Urls(settings.public_url)
    policy = Policy(
        agent_lease_s=settings.agent_ring_s + 60,
        customer_lease_s=settings.customer_ring_s + 30,
    )
    calls, listening, traces = CallStore(client), ListenStore(client), TraceStore(client)
    flows = FlowStore(client, flow_source(client, settings))
    rules = CurrentRules(flows, own_numbers=(settings.caller_id_number, settings.person_number))
    callbacks = Callbacks(RedisStore(client, policy), policy, rules)
    background = background or ThreadPoolExecutor(BACKGROUND_THREADS, thread_name_prefix="background")
    sounds = PromptFiles(settings.data_dir / "prompts")
    prompts = SpokenPrompts(
        espeak.find_engine(),
        PromptTexts(client),
        sounds,
        settings.twilio_auth_token.get_secret_value(),
        standing_prompts(settings.own_voices),
    )
    audio = FlowAudio(settings.beside_flow, sounds)
    documents = Documents(
        urls=urls,
        prompts=prompts,
        audio=audio,
        media_url=settings.media_socket_url,
        ring_s=settings.agent_ring_s,
        person_number=settings.person_number,
        own_voices=settings.own_voices,
    )
    told, wordings = TextLedger(client), Wordings(flows)
    texts = Texts(carrier, told, background, from_number=settings.caller_id_number)
    dialler = CarrierDialler(
        carrier,
        urls,
        texts,
        told,
        callbacks,
        wordings=wordings,
        from_number=settings.caller_id_number,
        agent_ring_s=settings.agent_ring_s,
        customer_ring_s=settings.customer_ring_s,
        now=utc_now,
    )
    # A client that is not the network's need not stand several threads.
    dispatcher = Dispatcher(callbacks, dialler, dials_at_once=DIALS_AT_ONCE if http_client is None else 1)

    def end_legs(request: CallbackRequest) -> None:
        background.submit(dispatcher.end_legs, request)

    contexts = Contexts(client)
    after_call = AfterCall(callbacks, calls, contexts, end_legs=end_legs, now=utc_now)
    effects = Effects(
        callbacks=callbacks,
        promises=PromiseEffects(callbacks, contexts, after_call, end_legs=end_legs, now=utc_now),
        calls=calls,
        texts=texts,
        lookup_folder=settings.beside_flow,
        person_number=settings.person_number,
        ring_s=settings.agent_ring_s,
        now=utc_now,
    )
    return Services(
        settings=settings,
        redis=client,
        carrier=carrier,
        callbacks=callbacks,
        calls=calls,
        contexts=contexts,
        after_call=after_call,
        hints=MachineHints(client),
        wordings=wordings,
        listening=listening,
        heartbeats=Heartbeats(client),
        clock=SharedClock(client, now=utc_now),
        standing=Standing(client),
        flows=flows,
        traces=traces,
        dialler=dialler,
        dispatcher=dispatcher,
        turns=Turns(
            calls=calls,
            listening=listening,
            flows=flows,
            effects=effects,
            urls=urls,
            documents=documents,
            traces=traces,
            after_call=after_call,
            now=utc_now,
        ),
        urls=urls,
        documents=documents,
        prompts=prompts,
        audio=audio,
        background=background,
    )


def flow_source(client: Redis, settings: Settings) -> FlowSource:
    """Where the flow for new calls comes from. Raises as `build` does."""
    if settings.flow_name is not None:
        return PublishedFlow(Publications(client), settings.flow_name)
    return FlowFile(settings.flow_file)
