"""The JSON API, as programs see it, on real Redis.

One long file: every route goes through the same client.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import jsonschema
import pytest
import redis
import structlog
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from callbacks import lifecycle_events as events
from callbacks.errors import ConflictError
from ivr.desk.errors import Code
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build, utc_now
from ivr.web.api import openapi
from ivr.web.api.problems import STATUS_OF
from ivr.web.api.routes import ROUTES
from ivr.web.app import create_app
from tests.integration.signed import OFFICE, settings_for
from tests.wishes import CUSTOMER

CRM, TILL = "crm-token-0123456789abcdef", "till-token-0123456789abcdef"
BASE = "/api/v1"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
SCHEMAS = openapi.document()["components"]["schemas"]

Ask = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def services(redis_server: PrivateRedis) -> Services:
    return build(settings_for(redis_server.url, api_tokens=f"crm:{CRM}, till:{TILL}"))


@pytest.fixture(scope="module")
def web(services: Services) -> FlaskClient:
    return create_app(services).test_client()


@pytest.fixture
def ask(web: FlaskClient, redis_client: redis.Redis) -> Ask:
    assert redis_client.dbsize() == 0

    def ask(method: str, path: str, body: Any = None, *, token: str = CRM, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.open(BASE + path, method=method, json=body, headers={"Authorization": f"Bearer {token}", **named})

    return ask


@pytest.fixture
def desk(ask: Ask) -> str:
    """An agent, so that there are windows to promise."""
    assert ask("PUT", "/agents/desk", {"name": "Front desk", "number": "020 7946 0100"}).status_code == 201
    return "desk"


def book(ask: Ask, number: str = CUSTOMER, **fields: Any) -> dict[str, Any]:
    made = ask("POST", "/callbacks", {"number": number, **fields})
    assert made.status_code == 201, made.data
    callback: dict[str, Any] = made.get_json()["callback"]
    return callback


def windows(ask: Ask) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask("GET", "/slots").get_json()["slots"]
    assert len(found) > 40
    return found


def is_problem(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.data
    assert response.mimetype == "application/problem+json"
    problem: dict[str, Any] = response.get_json()
    conforms(problem, "ProblemDetails")
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:zerohold:problem:{code}"
    assert problem["detail"]
    return problem


def conforms(value: Any, schema: str) -> None:
    jsonschema.validate(value, {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": SCHEMAS}})


# ---------------------------------------------------------------- the document


def test_the_committed_document_is_the_one_that_the_types_make() -> None:
    assert DOCUMENT.read_text() == openapi.text(), "run `python -m ivr.web.api.openapi > docs/openapi.json`"


def test_the_document_is_served_and_names_every_route_with_types_that_are_there(ask: Ask) -> None:
    served = ask("GET", "/openapi.json").get_json()
    assert served == json.loads(DOCUMENT.read_text())
    operations = {one["operationId"] for path in served["paths"].values() for one in path.values()}
    assert operations == {route.name for route in ROUTES} | {"openapi"}
    references = set(_references(served))
    assert references
    assert {name.rpartition("/")[2] for name in references} <= set(served["components"]["schemas"])
    for schema in served["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from ([value["$ref"]] if "$ref" in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _references(item)


def test_every_code_of_the_desk_has_a_status_and_every_status_is_in_the_document_where_it_can_come() -> None:
    assert set(STATUS_OF) == set(get_args(Code))
    for route in ROUTES:
        path = openapi.PARAMETER.sub(r"{\1}", route.path)
        answers = openapi.document()["paths"][path][route.method.lower()]["responses"]
        assert {str(STATUS_OF[code]) for code in route.errors} <= set(answers), route.name


# ---------------------------------------------------------------- who may ask


def test_without_tokens_in_the_settings_there_is_no_api(redis_server: PrivateRedis, redis_client: redis.Redis) -> None:
    web = create_app(build(settings_for(redis_server.url))).test_client()
    elsewhere = web.get("/nothing/here")
    for route in ROUTES:
        answer = web.open(BASE + route.path.replace("<", "").replace(">", ""), method=route.method)
        assert (answer.status_code, answer.data) == (404, elsewhere.data), route.name
    assert web.get(f"{BASE}/openapi.json", headers={"Authorization": f"Bearer {CRM}"}).data == elsewhere.data


@pytest.mark.parametrize("header", [None, "", "Bearer", f"Bearer {CRM}x", f"Basic {CRM}", CRM, f"Bearer {'ü' * 30}"])
def test_no_route_answers_without_a_token(web: FlaskClient, redis_client: redis.Redis, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for method, path in (*((route.method, route.path) for route in ROUTES), ("GET", "/openapi.json"), ("GET", "/x")):
        answer = web.open(BASE + path, method=method, headers=headers)
        is_problem(answer, 401, "unauthorised")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert redis_client.dbsize() == 0


def test_a_carriers_signature_opens_nothing_here_and_a_token_no_webhook(web: FlaskClient, ask: Ask) -> None:
    assert web.get(f"{BASE}/agents", headers={"X-Twilio-Signature": "x"}).status_code == 401
    assert web.post("/voice/incoming", headers={"Authorization": f"Bearer {CRM}"}).status_code == 403


def test_no_other_site_may_ask_from_a_browser(ask: Ask) -> None:
    for answer in (ask("GET", "/agents", Origin="https://example.org"), ask("OPTIONS", "/agents")):
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]
    is_problem(ask("OPTIONS", "/agents"), 405, "method_not_allowed")


def test_the_log_says_which_token_did_what_without_a_whole_number(
    ask: Ask, desk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tests log warnings alone.
    monkeypatch.setattr("ivr.web.api.views.log", structlog.wrap_logger(None, wrapper_class=structlog.BoundLogger))
    with capture_logs() as logged:
        book(ask)
        ask("PUT", f"/do-not-call/{CUSTOMER}", token=TILL)
    done = [(entry["by"], entry["did"]) for entry in logged if entry["event"] == "desk"]
    assert done == [("crm", "book_callback"), ("till", "add_do_not_call")]
    assert "2079460123" not in str(logged)


# ---------------------------------------------------------------- what is no request of ours


def test_what_is_not_there_and_what_is_not_possible_there_are_told_apart(ask: Ask) -> None:
    is_problem(ask("GET", "/nothing"), 404, "not_found")
    is_problem(ask("GET", "/"), 404, "not_found")
    refused = ask("DELETE", "/callbacks")
    assert is_problem(refused, 405, "method_not_allowed")["allowed"] == ["GET", "HEAD", "POST"]
    assert refused.headers["Allow"] == "GET, HEAD, POST"
    is_problem(ask("PUT", "/openapi.json"), 405, "method_not_allowed")


def test_a_body_that_is_no_json_object_of_ours_is_refused_with_what_is_wrong(ask: Ask, web: FlaskClient) -> None:
    token = {"Authorization": f"Bearer {CRM}"}
    for route in ROUTES:
        if route.body is None:
            continue
        path = BASE + route.path.replace("<request_id>", "cb1").replace("<agent_id>", "desk")
        plain = web.open(path, method=route.method, data="x", headers=token)
        is_problem(plain, 415, "not_json")
        broken = web.open(path, method=route.method, data="{", content_type="application/json", headers=token)
        is_problem(broken, 400, "malformed")
        listed = web.open(path, method=route.method, data="[]", content_type="application/json", headers=token)
        is_problem(listed, 400, "malformed")
        huge = web.open(path, method=route.method, data=b" " * 70_000, content_type="application/json", headers=token)
        is_problem(huge, 413, "too_large")
        unknown = web.open(path, method=route.method, json={"colour": "red"}, headers=token)
        problem = is_problem(unknown, 422, "invalid")
        assert problem["allowed"] or "missing" in problem["detail"]


@pytest.mark.parametrize("path", ["/callbacks", "/slots", "/audit", "/agents", "/do-not-call"])
def test_a_query_that_is_not_known_is_refused_with_those_that_are(ask: Ask, path: str) -> None:
    assert is_problem(ask("GET", f"{path}?colour=red"), 422, "invalid")["allowed"]
    is_problem(ask("GET", f"{path}?expect=1&expect=2"), 400, "malformed")
    is_problem(ask("GET", "/agents/desk?full_numbers=1"), 422, "invalid")


@pytest.mark.parametrize(
    ("path", "words", "allowed"),
    [
        ("/callbacks?state=lost", "lost", "scheduled"),
        ("/callbacks?queue=nothing", "nothing", "shop"),
        ("/callbacks?limit=0", "limit", None),
        ("/callbacks?limit=many", "limit", None),
        ("/callbacks?open=perhaps", "open", None),
        ("/callbacks?since=soon", "soon", "tomorrow 09:00"),
        ("/callbacks?after=x", "after", None),
        ("/slots?queue=nothing", "nothing", "shop"),
        ("/slots?language=xx", "xx", "en"),
        ("/audit?expect=1", "SEQ:HASH", None),
    ],
)
def test_a_value_that_is_not_allowed_is_answered_with_those_that_are(
    ask: Ask, path: str, words: str, allowed: str | None
) -> None:
    problem = is_problem(ask("GET", path), 422, "invalid")
    assert words in problem["detail"]
    assert allowed is None or allowed in problem["allowed"]


def test_a_store_that_does_not_answer_is_said_so_and_that_one_may_try_again(ask: Ask, services: Services) -> None:
    gone = create_app(build(settings_for("redis://127.0.0.1:1/0", api_tokens=f"crm:{CRM}"))).test_client()
    answer = gone.get(f"{BASE}/agents", headers={"Authorization": f"Bearer {CRM}"})
    is_problem(answer, 503, "store")
    assert answer.headers["Retry-After"]


def test_a_fault_of_ours_is_a_problem_without_its_words_and_a_conflict_one_to_try_again(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("a secret")

    monkeypatch.setattr("ivr.desk.people.list_agents", fails)
    assert "secret" not in is_problem(ask("GET", "/agents"), 500, "internal")["detail"]

    def conflicts(*_: object, **__: object) -> None:
        raise ConflictError("could not")

    monkeypatch.setattr("ivr.desk.people.list_agents", conflicts)
    is_problem(ask("GET", "/agents"), 503, "busy")


# ---------------------------------------------------------------- callbacks


def test_a_callback_is_booked_shown_and_listed_with_its_number_masked(ask: Ask, desk: str) -> None:
    made = ask("POST", "/callbacks", {"number": "020 7946 0123", "reason": "an order", "values": {"order": "4821"}})
    assert made.status_code == 201
    conforms(made.get_json(), "Booked")
    callback = made.get_json()["callback"]
    assert callback["number"] == CUSTOMER
    assert callback["dossier"]["values"] == {"order": "4821"}
    assert callback["dossier"]["booked_by"] == "crm"
    shown = ask("GET", made.headers["Location"].removeprefix(BASE))
    conforms(shown.get_json(), "CallbackDetail")
    assert shown.headers["ETag"] == made.headers["ETag"] == '"1"'
    assert shown.get_json()["id"] == callback["id"]
    listed = ask("GET", "/callbacks")
    conforms(listed.get_json(), "CallbackPage")
    assert [each["number"] for each in listed.get_json()["callbacks"]] == ["…0123"]
    assert CUSTOMER not in listed.get_data(as_text=True)
    full = ask("GET", "/callbacks?full_numbers=1&open=true&number=0123").get_json()
    assert [each["number"] for each in full["callbacks"]] == [CUSTOMER]
    assert ask("GET", "/callbacks?state=ended").get_json() == {"callbacks": [], "next": None}


def test_pages_lead_through_all_callbacks_each_once(ask: Ask, desk: str) -> None:
    made = [book(ask, f"+44207946012{last}")["id"] for last in range(5)]
    seen, after = [], ""
    while True:
        page = ask("GET", f"/callbacks?limit=2{after}").get_json()
        seen += [each["id"] for each in page["callbacks"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == made[::-1]


def test_who_has_a_callback_open_is_told_of_it_and_not_promised_another(ask: Ask, desk: str) -> None:
    first = book(ask)
    again = ask("POST", "/callbacks", {"number": CUSTOMER})
    assert again.status_code == 200
    assert again.get_json()["already_booked"] is True
    assert again.get_json()["callback"]["id"] == first["id"]


def test_an_idempotency_key_books_once_for_each_token_and_never_something_else(ask: Ask, desk: str) -> None:
    body = {"number": CUSTOMER}
    once = ask("POST", "/callbacks", body, Idempotency_Key="k-1")
    assert once.status_code == 201
    ask("POST", f"/callbacks/{once.get_json()['callback']['id']}/cancel")
    again = ask("POST", "/callbacks", body, Idempotency_Key="k-1")
    assert again.get_json()["callback"]["id"] == once.get_json()["callback"]["id"]
    assert again.get_json()["callback"]["state"] == "ended"
    assert again.get_json()["already_booked"] is False
    another = ask("POST", "/callbacks", {"number": "+442079460124"}, Idempotency_Key="k-1")
    is_problem(another, 422, "key_reused")
    of_another = ask("POST", "/callbacks", body, token=TILL, Idempotency_Key="k-1")
    assert of_another.get_json()["callback"]["id"] != once.get_json()["callback"]["id"]
    is_problem(ask("POST", "/callbacks", body, Idempotency_Key="k 1"), 400, "malformed")


@pytest.mark.parametrize(
    ("number", "code"),
    [("12", "number"), ("no number", "number"), (OFFICE, "own"), ("+33142685300", "not_allowed")],
)
def test_a_number_that_is_not_called_is_refused_by_hand_as_for_callers(ask: Ask, number: str, code: str) -> None:
    is_problem(ask("POST", "/callbacks", {"number": number}), 422, code)


def test_quotas_and_the_do_not_call_list_hold_for_the_api_too(ask: Ask, desk: str) -> None:
    for topic in ("a", "b", "c"):
        book(ask, topic=topic)
    is_problem(ask("POST", "/callbacks", {"number": CUSTOMER, "topic": "d"}), 429, "quota")
    ask("PUT", "/do-not-call/+442079460124")
    is_problem(ask("POST", "/callbacks", {"number": "+442079460124"}), 422, "not_allowed")


def test_a_time_that_cannot_be_kept_is_refused_with_the_nearest_that_can(ask: Ask, desk: str) -> None:
    found = windows(ask)
    between = datetime.fromisoformat(found[20]["starts"]) + timedelta(minutes=7)
    refused = is_problem(ask("POST", "/callbacks", {"number": CUSTOMER, "when": between.isoformat()}), 409, "closed")
    offered = {datetime.fromisoformat(each["starts"]) for each in found}
    assert len(refused["allowed"]) == 5
    assert {datetime.fromisoformat(at) for at in refused["allowed"]} <= offered
    callback = book(ask)
    move = ask("POST", f"/callbacks/{callback['id']}/move", {"when": between.isoformat()})
    assert is_problem(move, 409, "closed")["allowed"] == refused["allowed"]


def test_a_callback_is_moved_to_a_window_and_back_to_as_soon_as_possible(ask: Ask, desk: str) -> None:
    callback, window = book(ask), windows(ask)[20]
    moved = ask("POST", f"/callbacks/{callback['id']}/move", {"when": window["starts"]})
    assert moved.status_code == 200, moved.data
    conforms(moved.get_json(), "CallbackDetail")
    assert moved.get_json()["starts"] == window["starts"]
    assert moved.get_json()["promised_words"] == window["words"]
    back = ask("POST", f"/callbacks/{callback['id']}/move", {"when": "asap"}).get_json()
    assert back["starts"] is None
    assert back["arrived"] == callback["arrived"]


def test_who_was_slower_is_told_so_and_changes_nothing(ask: Ask, desk: str) -> None:
    callback, window = book(ask), windows(ask)[20]
    path, etag = f"/callbacks/{callback['id']}", '"1"'
    moved = ask("POST", f"{path}/move", {"when": window["starts"]}, If_Match=etag)
    assert moved.status_code == 200
    is_problem(ask("POST", f"{path}/move", {"when": "asap"}, If_Match=etag), 412, "changed")
    is_problem(ask("POST", f"{path}/cancel", If_Match=etag), 412, "changed")
    assert ask("GET", path).get_json()["starts"] == window["starts"]
    is_problem(ask("POST", f"{path}/cancel", If_Match="1"), 400, "malformed")
    assert ask("POST", f"{path}/cancel", If_Match=moved.headers["ETag"]).status_code == 200


def test_of_many_who_move_the_same_version_one_is_first(ask: Ask, desk: str, services: Services) -> None:
    callback, found = book(ask), windows(ask)
    web, answers = create_app(services), []

    def move(number: int) -> None:
        answers.append(
            web.test_client()
            .post(
                f"{BASE}/callbacks/{callback['id']}/move",
                json={"when": found[20 + number]["starts"]},
                headers={"Authorization": f"Bearer {CRM}", "If-Match": '"1"'},
            )
            .status_code
        )

    threads = [threading.Thread(target=move, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 412, 412, 412, 412, 412]


def test_what_is_over_or_never_was_is_neither_moved_nor_cancelled(ask: Ask, desk: str) -> None:
    callback = book(ask)
    assert ask("POST", f"/callbacks/{callback['id']}/cancel").get_json()["state"] == "ended"
    is_problem(ask("POST", f"/callbacks/{callback['id']}/cancel"), 409, "gone")
    is_problem(ask("POST", f"/callbacks/{callback['id']}/move", {"when": "asap"}), 409, "gone")
    for method, path in (("GET", ""), ("POST", "/cancel")):
        is_problem(ask(method, f"/callbacks/cbnone{path}"), 404, "not_found")
    is_problem(ask("POST", "/callbacks/cbnone/move", {"when": "asap"}), 404, "not_found")
    is_problem(ask("POST", f"/callbacks/{callback['id']}/move", {"when": "soon"}), 422, "invalid")


def test_who_is_being_rung_is_let_go_when_the_callback_is_cancelled(
    ask: Ask, desk: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []
    monkeypatch.setattr(type(services.dispatcher), "end_legs", lambda _, request: ended.append(request.id))
    monkeypatch.setattr(Services, "beside", lambda _, work, *arguments: work(*arguments))
    callback, now, store = book(ask), utc_now(), services.callbacks.store
    if callback["state"] == "scheduled":  # at night
        services.callbacks.apply(callback["id"], events.CameDue(at=now))
    agent = store.agent(desk)
    assert agent is not None
    claimed = events.Claimed(at=now, agent_id=desk, agent_number=agent.record.number)
    services.callbacks.apply(callback["id"], claimed)
    assert ask("GET", f"/callbacks/{callback['id']}").get_json()["state"] == "customer_proving"
    assert ask("POST", f"/callbacks/{callback['id']}/cancel").status_code == 200
    assert ended == [callback["id"]]


# ---------------------------------------------------------------- agents, the list, the audit


def test_an_agent_is_added_changed_listed_and_removed(ask: Ask, desk: str) -> None:
    body = {"languages": ["en"], "per_hour": 6, "zone": "Europe/Berlin", "days_off": ["2026-12-24"]}
    changed = ask("PUT", "/agents/desk", body)
    assert changed.status_code == 200
    conforms(changed.get_json(), "Changed")
    shown = ask("GET", "/agents/desk").get_json()
    conforms(shown, "AgentView")
    assert (shown["name"], shown["number"], shown["per_hour"]) == ("Front desk", "+442079460100", 6)
    assert shown["days_off"] == ["2026-12-24"]
    assert ask("PUT", "/agents/desk", {"per_hour": 0}).get_json()["agent"]["per_hour"] is None
    listed = ask("GET", "/agents")
    conforms(listed.get_json(), "Agents")
    assert listed.get_json()["agents"][0]["number"] == "…0100"
    assert ask("GET", "/agents?full_numbers=1").get_json()["agents"][0]["number"] == "+442079460100"
    assert ask("DELETE", "/agents/desk").status_code == 200
    is_problem(ask("DELETE", "/agents/desk"), 404, "not_found")
    is_problem(ask("GET", "/agents/desk"), 404, "not_found")
    is_problem(ask("GET", "/agents/desk/calendar"), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "body", "code", "words"),
    [
        ("/agents/new", {"name": "x"}, "invalid", "number"),
        ("/agents/new", {"name": "x", "number": "12"}, "number", "no number"),
        ("/agents/a desk", {"name": "x", "number": "020 7946 0100"}, "invalid", "id of an agent"),
        ("/agents/desk", {"name": ""}, "invalid", "name"),
        ("/agents/desk", {"queues": []}, "invalid", "queues"),
        ("/agents/desk", {"languages": ["xx"]}, "invalid", "xx"),
        ("/agents/desk", {"zone": "London"}, "invalid", "London"),
        ("/agents/desk", {"shifts": "always"}, "invalid", "always"),
        ("/agents/desk", {"days_off": ["tomorrow"]}, "invalid", "days_off"),
        ("/agents/desk", {"per_hour": "six"}, "invalid", "per_hour"),
        ("/agents/desk/state", {"state": "asleep"}, "invalid", "asleep"),
        ("/agents/desk/state", {}, "invalid", "state"),
        ("/agents/desk/shifts", {"shifts": "mon 9-17"}, "invalid", "mon 9-17"),
    ],
)
def test_what_cannot_be_said_of_an_agent_is_refused_with_what_is_wrong(
    ask: Ask, desk: str, path: str, body: dict[str, Any], code: str, words: str
) -> None:
    before = ask("GET", "/agents?full_numbers=1").data
    assert words in is_problem(ask("PUT", path, body), 422, code)["detail"]
    assert ask("GET", "/agents?full_numbers=1").get_json()["agents"][0].keys() == json.loads(before)["agents"][0].keys()
    assert len(ask("GET", "/agents").get_json()["agents"]) == 1


def test_states_and_shifts_are_set_and_nobody_unknown_has_them(ask: Ask, desk: str) -> None:
    assert ask("PUT", "/agents/desk/state", {"state": "break"}).get_json()["agent"]["status"] == "break"
    shifts = ask("PUT", "/agents/desk/shifts", {"shifts": "mon-fri 09:00-17:00", "add_days_off": ["2026-12-24"]})
    assert shifts.get_json()["agent"]["shifts"] == "mon-fri 09:00-17:00"
    off = ask("PUT", "/agents/desk/shifts", {"remove_days_off": ["2026-12-24"]}).get_json()["agent"]
    assert (off["shifts"], off["days_off"]) == ("mon-fri 09:00-17:00", [])
    is_problem(ask("PUT", "/agents/nobody/state", {"state": "away"}), 404, "not_found")
    is_problem(ask("PUT", "/agents/nobody/shifts", {"shifts": ""}), 404, "not_found")


def test_promises_that_nobody_is_left_for_are_named_by_window_and_line(ask: Ask, desk: str) -> None:
    window = windows(ask)[20]
    book(ask, when=window["starts"])
    changed = ask("PUT", "/agents/desk/shifts", {"add_days_off": [_local_day(window)]}).get_json()
    assert changed["at_risk"] == [
        {"line": "shop/en", "starts": window["starts"], "words": window["words"], "promises": 1, "can_keep": 0}
    ]
    again = ask("PUT", "/agents/desk/shifts", {"remove_days_off": [_local_day(window)]}).get_json()
    assert again["at_risk"] == []
    removed = ask("DELETE", "/agents/desk").get_json()
    assert [each["promises"] for each in removed["at_risk"]] == [1]


def _local_day(window: dict[str, Any]) -> str:
    return datetime.fromisoformat(window["starts"]).astimezone(ZoneInfo("Europe/London")).date().isoformat()


def test_an_agent_in_a_call_is_not_removed(ask: Ask, desk: str, services: Services) -> None:
    now = utc_now()
    services.callbacks.agents.reserve(
        queue="shop", language="en", call_sid="CA1", rank_at=now, waiting=False, lease_s=60, now=now
    )
    assert "ivr agents state desk away" in is_problem(ask("DELETE", "/agents/desk"), 409, "in_call")["detail"]
    assert ask("GET", "/agents/desk").get_json()["status"] == "busy"


def test_the_do_not_call_list_is_kept_and_shown_masked(ask: Ask) -> None:
    assert ask("PUT", "/do-not-call/020 7946 0123").get_json() == {"number": CUSTOMER, "listed": True}
    assert ask("GET", "/do-not-call").get_json() == {"numbers": ["…0123"]}
    assert ask("GET", "/do-not-call?full_numbers=1").get_json() == {"numbers": [CUSTOMER]}
    assert ask("DELETE", f"/do-not-call/{CUSTOMER}").get_json()["listed"] is False
    is_problem(ask("DELETE", f"/do-not-call/{CUSTOMER}"), 404, "not_found")
    is_problem(ask("PUT", "/do-not-call/12"), 422, "number")
    is_problem(ask("DELETE", "/do-not-call/12"), 422, "number")


def test_the_audit_counts_the_promises(ask: Ask, desk: str) -> None:
    callback = book(ask)
    book(ask, "+442079460124")
    ask("POST", f"/callbacks/{callback['id']}/cancel")
    found = ask("GET", "/audit").get_json()
    conforms(found, "Audit")
    assert (found["promises"], found["open"], found["withdrawn"], found["findings"]) == (2, 1, 1, [])
    other = ask("GET", f"/audit?expect=1:{'0' * 64}").get_json()
    assert other["findings"]


def test_a_calendars_address_is_told_to_who_may_ask(ask: Ask, desk: str, web: FlaskClient) -> None:
    url = ask("GET", "/agents/desk/calendar").get_json()["url"]
    assert web.get(url).mimetype == "text/calendar"


def test_the_guide_names_every_route_and_every_code() -> None:
    guide = DOCUMENT.with_name("api.md").read_text()
    for code, status in STATUS_OF.items():
        assert f"`{code}`" in guide, code
        assert f"| {status} |" in guide, status
    for route in ROUTES:
        assert route.path.partition("/<")[0] in guide, route.path
