"""What can be said at each place of a flow: phrase -> keys, made once for each language.

The tables are shared: nobody may change one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flows import nodes
from flows.engine.universal import KEYS_OF_WORDS
from flows.messages import key_phrases, language_name, universal_words
from flows.model import Flow
from flows.parts import in_language
from flows.phrases import normalised


def universal_phrases(flow: Flow, language: str) -> dict[str, str]:
    """Each universal phrase of a language, and the keys that it stands for."""
    return _once(flow, ("universal", language), lambda: _universal(flow, language))


def choice_phrases(flow: Flow, name: str, node: nodes.Menu | nodes.OpenQuestion, language: str) -> dict[str, str]:
    """What can be said for each choice of a menu, or each intent whose sentence needs no value; by key names too."""
    return _once(flow, ("choices", name, language), lambda: _choices(node, language))


def language_phrases(flow: Flow, language: str) -> dict[str, str]:
    """What can be said for each of the flow's languages, by their own names and by key names."""
    return _once(flow, ("languages", language), lambda: _languages(flow, language))


def example_phrases(flow: Flow, name: str, node: nodes.OpenQuestion, language: str) -> dict[str, str]:
    """The sentences of an open question as they are written, `{slot}` marks and all."""
    return _once(flow, ("examples", name, language), lambda: _examples(node, language))


def phrases_for_key(said: Iterable[str], key: str, language: str) -> dict[str, str]:
    """Phrases for a key, and the names of the key itself."""
    return {normalised(phrase): key for phrase in (*said, *key_phrases(language, key))}


def _once(flow: Flow, key: tuple[str, ...], make: Callable[[], dict[str, str]]) -> dict[str, str]:
    found = flow.memo.get(key)
    if found is None:
        found = flow.memo[key] = make()
    return found


def _universal(flow: Flow, language: str) -> dict[str, str]:
    words = universal_words(language)
    phrases: dict[str, str] = {}
    for word, keys in KEYS_OF_WORDS.items():
        own = getattr(flow.phrases, word)
        if own is None or (isinstance(own, dict) and language not in own):  # nobody loses a word in translation
            own = words[word]
        if word != "language" or len(flow.languages) > 1:
            phrases.update({normalised(phrase): keys for phrase in in_language(own, language)})
    return phrases


def _languages(flow: Flow, language: str) -> dict[str, str]:
    phrases: dict[str, str] = {}
    for index, name in enumerate(flow.languages, start=1):
        phrases.update(phrases_for_key([language_name(name)], str(index), language))
    return phrases


def _choices(node: nodes.Menu | nodes.OpenQuestion, language: str) -> dict[str, str]:
    phrases: dict[str, str] = {}
    if isinstance(node, nodes.Menu):
        for choice in node.choices:
            phrases.update(phrases_for_key(in_language(choice.phrases, language), choice.key, language))
        return phrases
    for intent in node.intents.values():
        plain = [example for example in in_language(intent.examples, language) if "{" not in example]
        phrases.update(phrases_for_key(plain, intent.key, language))
    return phrases


def _examples(node: nodes.OpenQuestion, language: str) -> dict[str, str]:
    return {
        example: intent.key for intent in node.intents.values() for example in in_language(intent.examples, language)
    }
