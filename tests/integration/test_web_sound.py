"""What documents play: Persian that we speak ourselves, and the recordings of a flow."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest
import redis
from signed import PERSON, PUBLIC_URL, SignedClient, played, settings_for, spoken, tree, write_flow

from ivr import spoken_prompts
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build
from ivr.settings import Settings
from ivr.sound import espeak, levels, rendering
from ivr.sound.way_on import way_on
from ivr.web.app import create_app
from speech import wav

WELCOME = "به فروشگاه خوش آمدید."
FLOW = f"""
  first: {{type: say, prompt: {{fa: "{WELCOME}", en: Welcome.}}, next: main}}
  main: {{type: menu, prompt: {{fa: "چه کمکی از ما برمی‌آید؟", en: How can we help?}}, choices: [
         {{key: "1", phrases: {{fa: [ساعت کار], en: [hours]}}, label: {{fa: ساعت کار, en: our hours}}, to: done}}]}}
  done: {{type: end, prompt: {{fa: "خدانگهدار.", en: Goodbye.}}, outcome: solved}}
"""
RECORDINGS = """
  first: {type: say, prompt: {audio: prompts/welcome.wav, text: Welcome.}, next: second}
  second: {type: say, prompt: {audio: "https://cdn.example.org/hello.mp3", text: Hello.}, next: third}
  third: {type: say, prompt: {audio: prompts/missing.wav, text: The file is missing.}, next: done}
  done: {type: end, prompt: {audio: prompts/outside.wav, text: Goodbye.}, outcome: solved}
"""
needs_voice = pytest.mark.skipif(espeak.find_engine() is None, reason="no voice: apt-get install espeak-ng")


def client_for(services: Services) -> SignedClient:
    return SignedClient(create_app(services).test_client())


@pytest.fixture
def persian(
    tmp_path: Path, redis_server: PrivateRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> Services:
    # A busy machine may take longer to speak than a caller should wait.
    monkeypatch.setattr(spoken_prompts, "RENDER_WITHIN_S", 60.0)
    flow = write_flow(tmp_path, FLOW, languages="[fa, en]", organisation="{fa: فروشگاه, en: the corner shop}")
    return build(settings_for(redis_server.url, flow_file=flow, data_dir=tmp_path / "data"))


def lose_the_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> bytes:
        raise espeak.VoiceError("the voice is gone")

    monkeypatch.setattr(rendering, "spoken", fail)


def on_another_machine(settings: Settings, tmp_path: Path) -> SignedClient:
    """Where no sound is kept; what is still being rendered beside the first process's calls never comes there."""
    return client_for(build(settings.model_copy(update={"data_dir": tmp_path / "another machine"})))


def in_persian(client: SignedClient) -> list[str]:
    """The addresses of the sounds of the first question in Persian."""
    return played(client.press(client.begin(), "1"))


@needs_voice
def test_persian_is_spoken_by_us_and_english_by_the_carrier(persian: Services) -> None:
    client = client_for(persian)
    choice = client.begin()
    assert "For English" in spoken(choice)
    assert played(choice), "Persian is offered in Persian"
    question = client.press(choice, "1")
    assert spoken(question) == ""
    assert played(question)[0] == f"{PUBLIC_URL}/prompt/{persian.prompts.name_of(WELCOME, 'fa')}.wav"


@needs_voice
def test_a_prompt_is_a_telephone_wav_that_may_be_cached_and_is_the_same_from_another_process(
    persian: Services, tmp_path: Path
) -> None:
    client = client_for(persian)
    url = in_persian(client)[0]
    fetched = client.get(url)
    assert (fetched.status_code, fetched.mimetype) == (200, "audio/wav")
    assert "max-age=86400" in fetched.headers["Cache-Control"]
    pcm16, rate_hz = wav.read_pcm16(fetched.data)
    assert rate_hz == 8000
    assert len(pcm16) / 2 / rate_hz > 1.0, "more than a second of speech"
    # The text is in Redis.
    assert on_another_machine(persian.settings, tmp_path).get(url).data == fetched.data


@needs_voice
def test_a_text_that_was_never_asked_for_is_not_found_and_its_name_cannot_be_made(persian: Services) -> None:
    client = client_for(persian)
    in_persian(client)
    never = persian.prompts.name_of("این را کسی نگفته است.", "fa")
    for path in (f"/prompt/{never}.wav", "/prompt/x.wav", "/prompt/..%2f..%2fflow.yaml", f"/prompt/{'é' * 32}.wav"):
        assert client.web.get(path).status_code == 404, path
    other_secret = persian.settings.model_copy(update={"twilio_auth_token": persian.settings.twilio_auth_token})
    assert build(other_secret).prompts.name_of(WELCOME, "fa") == persian.prompts.name_of(WELCOME, "fa")
    assert WELCOME not in in_persian(client)[0]


def test_where_nothing_speaks_persian_the_caller_gets_a_sentence_and_a_person(
    persian: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espeak, "find_engine", lambda: None)
    client = client_for(build(persian.settings))
    document = client.begin()
    assert "cannot speak your language" in spoken(document)
    dial = tree(document).find("Dial")
    assert dial is not None
    assert dial.text == PERSON


@needs_voice
def test_a_prompt_that_cannot_be_rendered_any_more_is_the_way_to_a_person_in_the_callers_language(
    persian: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = in_persian(client_for(persian))[0]
    lose_the_voice(monkeypatch)
    fetched = on_another_machine(persian.settings, tmp_path).get(url)
    assert fetched.status_code == 200
    assert fetched.headers["Cache-Control"] == "no-store"
    assert fetched.data == way_on("fa")


@needs_voice
def test_a_voice_that_fails_at_once_leads_to_a_sentence_and_a_person(
    persian: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_for(persian)
    lose_the_voice(monkeypatch)
    document = client.begin()
    assert "cannot speak your language" in spoken(document)
    dial = tree(document).find("Dial")
    assert dial is not None
    assert dial.text == PERSON


@needs_voice
def test_a_language_can_be_given_to_our_own_voice_and_goes_back_to_the_carriers_where_ours_fails(
    persian: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = persian.settings.model_copy(update={"own_voice_languages": "fa,en"})
    client = client_for(build(ours))
    choice = client.begin()
    assert spoken(choice) == ""
    assert client.get(played(choice)[-1]).status_code == 200
    english = client.press(choice, "2")
    assert spoken(english) == ""
    lose_the_voice(monkeypatch)
    again = on_another_machine(ours, tmp_path).press(choice, "2")
    assert "How can we help?" in spoken(again)


@needs_voice
def test_a_cache_that_cannot_be_written_to_costs_nobody_their_prompt(persian: Services, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "prompts").write_text("a file where the folder should be")
    client = client_for(build(persian.settings.model_copy(update={"data_dir": full})))
    fetched = client.get(in_persian(client)[0])
    assert fetched.status_code == 200
    assert fetched.data != way_on("fa")
    assert any(wav.read_pcm16(fetched.data)[0])


@pytest.fixture
def recorded(tmp_path: Path, redis_server: PrivateRedis, redis_client: redis.Redis) -> Services:
    folder = tmp_path / "flows"
    (folder / "prompts").mkdir(parents=True)
    flow = write_flow(folder, RECORDINGS)
    (folder / "prompts" / "outside.wav").symlink_to(tmp_path / "outside.wav")
    for path in (folder / "prompts" / "welcome.wav", folder / "prompts" / "other.wav", tmp_path / "outside.wav"):
        path.write_bytes(wav.mono_wav(b"\x01\x02" * 800))
    return build(settings_for(redis_server.url, flow_file=flow, data_dir=tmp_path / "data"))


def test_recordings_are_played_and_where_one_cannot_be_its_words_are_spoken(recorded: Services) -> None:
    document = client_for(recorded).begin()
    revision = recorded.flows.current.revision
    assert played(document) == [
        f"{PUBLIC_URL}/audio/{revision}/prompts/welcome.wav",
        "https://cdn.example.org/hello.mp3",
    ]
    assert spoken(document) == "The file is missing. Goodbye."


def test_a_recording_is_played_at_8_khz_and_as_loud_as_all_prompts(recorded: Services) -> None:
    tone = [round(500 * math.sin(2 * math.pi * 440 * index / 16000)) for index in range(32000)]
    welcome = recorded.settings.beside_flow / "prompts" / "welcome.wav"
    welcome.write_bytes(wav.mono_wav(struct.pack(f"<{len(tone)}h", *tone), 16000))
    client = client_for(recorded)
    url = played(client.begin())[0]
    for _ in range(2):  # the second one comes from what was kept
        pcm16, rate_hz = wav.read_pcm16(client.get(url).data)
        assert rate_hz == 8000
        assert levels.active_level(levels.samples_of(pcm16)) == pytest.approx(levels.SPEECH_DBFS, abs=0.5)
    part = client.web.get(url, headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.data)) == (206, 100)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"a song", wav.mono_wav(bytes(1600))])
def test_the_words_of_a_broken_recording_are_spoken(recorded: Services, content: bytes) -> None:
    (recorded.settings.beside_flow / "prompts" / "welcome.wav").write_bytes(content)
    client = client_for(recorded)
    assert spoken(client.begin()).startswith("Welcome.")
    revision = recorded.flows.current.revision
    assert client.web.get(f"/audio/{revision}/prompts/welcome.wav").status_code == 404


def test_only_files_that_a_prompt_of_a_known_revision_names_are_served(recorded: Services) -> None:
    client = client_for(recorded)
    served = client.get(played(client.begin())[0])
    assert (served.status_code, served.mimetype) == (200, "audio/wav")
    assert served.data.startswith(b"RIFF")
    assert "max-age=300" in served.headers["Cache-Control"]
    revision = recorded.flows.current.revision
    for path in (
        f"{revision}/prompts/other.wav",
        f"{revision}/flow.yaml",
        f"{revision}/prompts/missing.wav",
        f"{revision}/prompts/outside.wav",
        f"{revision}/../outside.wav",
        f"{revision}/..%2foutside.wav",
        f"{revision}/prompts/../prompts/welcome.wav",
        f"{revision}//etc/passwd",
        f"{'0' * 12}/prompts/welcome.wav",
        "x/prompts/welcome.wav",
    ):
        assert client.web.get(f"/audio/{path}").status_code in (404, 308), path
        assert client.web.get(f"/audio/{path}", follow_redirects=True).status_code == 404, path


def test_a_file_too_large_to_be_a_prompt_is_not_played(recorded: Services) -> None:
    welcome = recorded.settings.beside_flow / "prompts" / "welcome.wav"
    with welcome.open("r+b") as file:
        file.truncate(30_000_000)
    document = client_for(recorded).begin()
    assert spoken(document).startswith("Welcome.")


def test_without_redis_a_sound_is_the_way_to_a_person_and_not_the_end_of_the_call(
    recorded: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise redis.ConnectionError("Connection refused")

    client = client_for(recorded)
    monkeypatch.setattr(recorded.redis, "execute_command", fail)
    for path in (f"/audio/{'0' * 12}/prompts/welcome.wav", f"/prompt/{'0' * 32}.wav"):
        fetched = client.web.get(path)
        assert (fetched.status_code, fetched.mimetype) == (200, "audio/wav"), path
        assert fetched.data == way_on("en")
