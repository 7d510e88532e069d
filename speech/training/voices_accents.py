"""How voices of other languages say the phones of a word: maps of phones, durations, pitch. Pure.

Phones are IPA. A map gives each phone one or several spellings (`|`; one is drawn a voice, which is an accent), a
spelling may be several phones (`+`) or nothing (`-`). Festival's diphone voices are recordings of real people, and as
they take phones with durations and pitch, each of them can speak any language, with an accent.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

VOWELS = frozenset("a æ ɒ ɑː e ɛ i ɪ o ɔː u ʊ ə ʌ ɜː aː iː uː eː oː ɒː aɪ aʊ eɪ oʊ ɔɪ".split())  # noqa: SIM905
LONG_VOWELS = frozenset("ɑː ɔː ɜː aː iː uː eː oː ɒː aɪ aʊ eɪ oʊ ɔɪ".split())  # noqa: SIM905


def parse_map(table: str) -> dict[str, tuple[str, ...]]:
    """Read `phone=spelling|spelling ...` pairs, separated by white space."""
    pairs = (pair.split("=", 1) for pair in table.split())
    return {phone: tuple(spellings.split("|")) for phone, spellings in pairs}


_SAME = parse_map("p=p b=b t=t d=d k=k g=g f=f v=v s=s z=z m=m n=n l=l r=r w=w j=j h=h")
# espeak-ng's phoneme mnemonics that (nearly) every language's voice has.
ESPEAK = {
    **_SAME,
    **parse_map(
        """
        ʃ=S ʒ=Z tʃ=tS dʒ=dZ θ=t|s|f ð=d|z ŋ=N x=x ɣ=Q|g q=k ʔ=? ʕ=? ħ=h sˤ=s dˤ=d tˤ=t ðˤ=z
        a=a æ=a|E ɒ=O|o ɑː=a:|O: e=e ɛ=e i=i ɪ=i o=o ɔː=o: u=u ʊ=u ə=@ ʌ=a ɜː=@:|e: aː=a: iː=i: uː=u: eː=e: oː=o: ɒː=O:
        aɪ=aj aʊ=aw eɪ=ej|e: oʊ=ow|o: ɔɪ=oj
        """
    ),
}
ESPEAK_LANGUAGES = {
    "de": parse_map("w=v ɛ=E ɪ=I ʊ=U ɔː=O: aɪ=aI aʊ=aU eɪ=e: oʊ=o: ɜː=W: ɒː=A:"),
    "fr": parse_map("h=- r=R ɛ=E ɜː=W: θ=s|f ð=z|d tʃ=tS ŋ=n+g"),
    "es": parse_map("h=x z=s ʒ=S v=b θ=T|s ʃ=S"),
    "it": parse_map("ʊ=U u=U uː=U: h=-|h θ=t|f ð=d"),
    "nl": parse_map("ɪ=I ɛ=E eɪ=e: oʊ=o: θ=t|s g=g|k ɒː=A:"),
    "pl": parse_map("ɛ=E ɔː=O o=O h=x w=w|v"),
    "ru": parse_map("w=v|w h=x ɔː=o"),
    "el": parse_map("h=x θ=T ð=D ʃ=s|S ʒ=z tʃ=ts|tS dʒ=dz"),
    "hi": parse_map("w=v|w ə=@ ʌ=@ ɜː=@ θ=t|T iː=i ɒː=a: ħ=h eɪ=e: oʊ=o: ɔː=O: æ=E"),
    "pt-br": parse_map("ɛ=E ɔː=O ɪ=i h=h θ=t|s"),
    "tr": parse_map("w=v ħ=h ɣ=g q=k x=h|x ɒː=a:|O: æ=e|a θ=t|s ə=y|e ɛ=E"),
    "sv": parse_map("w=v z=s ɛ=E ɪ=I ʊ=U dʒ=dZ|j eɪ=e: ɜː=W:"),
    "fi": parse_map("w=v|w b=b|p d=d g=g|k z=s ɛ=e æ=a ʃ=s|S ʒ=s tʃ=ts dʒ=ts"),
    "ar": parse_map(
        """
        p=b|p v=f|v r=R x=X ɣ=Q q=q ħ=H ʕ=A sˤ=s[ dˤ=d[ tˤ=t[ ðˤ=Z θ=T ð=D dʒ=dZ|Z ɛ=e ɔː=o: ʊ=u ə=a|@ æ=a ɒː=a: aj=aj
        """
    ),
    "fa": parse_map("w=v r=R ɣ=q1 q=q1 θ=s|t ð=z|d ɒː=A ɒ=A aː=A ɑː=A ə=e æ=a a=a|A iː=i uː=u eː=e"),
    "hu": parse_map("w=v θ=s|t ɛ=E ə=E ɒː=A: x=x"),
    "ro": parse_map("θ=t|s ɛ=e"),
    "ur": parse_map("w=v|w ʌ=@ æ=a|@ ɒː=a:|O: a=a|@"),
    "ms": parse_map("ħ=h ʕ=? v=f|v z=z|dZ ɣ=g|Q x=k|x q=k"),
    "az": parse_map("ħ=h q=g|k ɣ=Q ɒː=a:|O: æ=E|a"),
    "ku": parse_map("ɒː=a:|O: æ=a|E ħ=H"),
}


@dataclass(frozen=True)
class FestivalVoice:
    """A voice of festival.

    start: the Scheme function that selects it. silence: its phone of silence; empty for a voice that takes only text.
    pitch_hz: of the person. phones: the map (letters for a voice of text), `{}` for English text. stress, respelt: how
    that language writes a stressed vowel, and letters that it reads otherwise side by side. encoding: of its text.
    """

    start: str
    silence: str
    pitch_hz: int
    phones: Mapping[str, tuple[str, ...]]
    stress: Mapping[str, str] = field(default_factory=dict)
    respelt: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"


_CZECH = {
    **_SAME,
    **parse_map(
        """
        ʃ=s~ ʒ=z~ tʃ=c~ dʒ=dz~ θ=t|s|f ð=d|z ŋ=n* x=ch ɣ=h|g q=k ʔ=- ʕ=- ħ=ch|h sˤ=s dˤ=d tˤ=t ðˤ=z w=v|u
        a=a æ=e|a ɒ=o ɑː=a: e=e ɛ=e i=i ɪ=i o=o ɔː=o: u=u ʊ=u ə=e|a ʌ=a ɜː=e:|e aː=a: iː=i: uː=u: eː=e: oː=o: ɒː=a:|o:
        aɪ=a+j aʊ=a+u eɪ=e+j oʊ=o+u|o: ɔɪ=o+j
        """
    ),
}
_ITALIAN = {
    **_SAME,
    **parse_map(
        """
        ʃ=S ʒ=Z|dZ tʃ=tS dʒ=dZ θ=t|f ð=d ŋ=ng x=k ɣ=g q=k ʔ=- ʕ=- ħ=- h=- sˤ=s dˤ=d tˤ=t ðˤ=z
        a=a1 æ=E1|a1 ɒ=O1 ɑː=a1 e=e1 ɛ=E1 i=i1 ɪ=i1 o=o1 ɔː=O1 u=u1 ʊ=u1 ə=E|a ʌ=a1 ɜː=E1 aː=a1 iː=i1 uː=u1 eː=e1
        oː=o1 ɒː=O1|a1 aɪ=a1+i aʊ=a1+u eɪ=e1+i oʊ=o1+u|o1 ɔɪ=o1+i
        """
    ),
}
_FINNISH = {
    **_SAME,
    **parse_map(
        """
        ʃ=S|s ʒ=S|s tʃ=t+S|t+s dʒ=d+S|j z=s w=v|u θ=t|s ð=d ŋ=N x=h|k ɣ=g q=k ʔ=- ʕ=- ħ=h sˤ=s dˤ=d tˤ=t ðˤ=s
        a=a æ=&|e ɒ=o ɑː=a: e=e ɛ=e i=i ɪ=i o=o ɔː=o: u=u ʊ=u ə=7|e ʌ=a ɜː=7: aː=a: iː=i: uː=u: eː=e: oː=o: ɒː=a:|o:
        aɪ=a+i aʊ=a+u eɪ=e+i oʊ=o+u ɔɪ=o+i
        """
    ),
}
_HINDI = {
    **_SAME,
    **parse_map(
        """
        t=T|th d=D ʃ=sh ʒ=sh|j tʃ=ch dʒ=j j=y z=j|s w=v θ=th ð=dh ŋ=n x=kh ɣ=gh q=k ʔ=- ʕ=- ħ=h sˤ=s dˤ=dh tˤ=th ðˤ=j
        a=a æ=eh ɒ=aa ɑː=aa e=eh ɛ=eh i=iy ɪ=ih o=oh ɔː=aa|oo u=uh ʊ=uh ə=a ʌ=a ɜː=a aː=aa iː=iy uː=uw eː=ee oː=oo
        ɒː=aa aɪ=ay aʊ=aw eɪ=ee oʊ=oo ɔɪ=oh+iy
        """
    ),
}
# Letters for voices that take text only.
_RUSSIAN = parse_map(
    """
    p=п b=б t=т d=д k=к g=г f=ф v=в s=с z=з m=м n=н l=л r=р w=у|в j=й h=х ʃ=ш ʒ=ж tʃ=ч dʒ=дж θ=с|т ð=з|д ŋ=нг x=х ɣ=г
    q=к ʔ=- ʕ=- ħ=х sˤ=с dˤ=д tˤ=т ðˤ=з a=а æ=э ɒ=о ɑː=а e=э ɛ=э i=и ɪ=и o=о ɔː=о u=у ʊ=у ə=э ʌ=а ɜː=ё aː=а iː=и uː=у
    eː=э oː=о ɒː=о aɪ=ай aʊ=ау eɪ=эй oʊ=оу ɔɪ=ой
    """
)
_CATALAN = parse_map(
    """
    p=p b=b t=t d=d k=c g=g f=f v=v s=s z=z m=m n=n l=l r=r w=u j=i h=- ʃ=x ʒ=j tʃ=tx dʒ=tj θ=t|s ð=d ŋ=n x=c ɣ=g q=c
    ʔ=- ʕ=- ħ=- sˤ=s dˤ=d tˤ=t ðˤ=z a=a æ=a|e ɒ=o ɑː=a e=e ɛ=e i=i ɪ=i o=o ɔː=o u=u ʊ=u ə=e ʌ=a ɜː=e aː=a iː=i uː=u
    eː=e oː=o ɒː=a aɪ=ai aʊ=au eɪ=ei oʊ=ou ɔɪ=oi
    """
)
FESTIVAL = {
    "kal_diphone": FestivalVoice("voice_kal_diphone", "", 105, {}),
    "ked_diphone": FestivalVoice("voice_ked_diphone", "", 105, {}),
    "cmu_us_slt_arctic_hts": FestivalVoice("voice_cmu_us_slt_arctic_hts", "", 175, {}),
    "italian_lp": FestivalVoice("voice_lp_diphone", "#", 190, _ITALIAN),
    "italian_pc": FestivalVoice("voice_pc_diphone", "#", 115, _ITALIAN),
    "czech_dita": FestivalVoice("voice_czech_dita", "#", 200, _CZECH),
    "czech_krb": FestivalVoice("voice_czech_krb", "#", 240, _CZECH),
    "czech_machac": FestivalVoice("voice_czech_machac", "#", 110, _CZECH),
    "czech_ph": FestivalVoice("voice_czech_ph", "#", 105, _CZECH),
    "suopuhe_lj": FestivalVoice("voice_suo_fi_lj_diphone", "#", 195, _FINNISH),
    "suopuhe_mv": FestivalVoice("voice_hy_fi_mv_diphone", "#", 105, _FINNISH),
    "hindi_nsk": FestivalVoice("voice_hindi_NSK_diphone", "pau", 125, _HINDI),
    "russian": FestivalVoice("voice_msu_ru_nsh_clunits", "", 120, _RUSSIAN, {v: f"+{v}" for v in "аэиоуё"}),
    "catalan_ona": FestivalVoice(
        "voice_upc_ca_ona_hts",
        "",
        190,
        _CATALAN,
        dict(zip("aeiou", "àéíóú", strict=True)),
        {"ce": "que", "cé": "qué", "ci": "qui", "cí": "quí", "ge": "gue", "gé": "gué", "gi": "gui", "gí": "guí"},
        "latin-1",
    ),
}


def accent(table: Mapping[str, tuple[str, ...]], rng: random.Random) -> dict[str, tuple[str, ...]]:
    """Draw one spelling of each phone: the phones of the other language, none for a phone that it leaves out."""
    drawn = {phone: rng.choice(spellings) for phone, spellings in table.items()}
    return {phone: () if s == "-" else tuple(s.split("+")) for phone, s in drawn.items()}


def without_final_r(phones: Sequence[str]) -> tuple[str, ...]:
    """Drop each r that no vowel follows, as in southern England."""
    following = [*phones[1:], ""]
    return tuple(p for p, n in zip(phones, following, strict=True) if p != "r" or n.removeprefix("ˈ") in VOWELS)


def mnemonics(words: Sequence[Sequence[str]], spelling: Mapping[str, tuple[str, ...]]) -> str:
    """Write words as espeak-ng's phoneme mnemonics, with the stress before the stressed vowel."""
    written = []
    for phones in words:
        stressed = stressed_vowel(phones)
        parts = []
        for at, phone in enumerate(phones):
            if at and phone == phones[at - 1]:
                parts[-1] += ":"
                continue
            own = "|".join(spelling[phone.removeprefix("ˈ")])
            parts.append(f"'{own}" if at == stressed else own)
        written.append("|".join(part for part in parts if part.strip("'")))
    return f"[[{' '.join(written)}]]"


def stressed_vowel(phones: Sequence[str]) -> int:
    """Return where the stressed vowel is: the marked, else the first long, else the last vowel; -1 without vowels."""
    marked = [i for i, p in enumerate(phones) if p.startswith("ˈ")]
    long = [i for i, p in enumerate(phones) if p in LONG_VOWELS]
    vowels = [i for i, p in enumerate(phones) if p in VOWELS]
    return (marked or long or vowels[-1:] or [-1])[0]


def letters(words: Sequence[Sequence[str]], spelling: Mapping[str, tuple[str, ...]], voice: FestivalVoice) -> str:
    """Write words in the letters of another language."""
    written = []
    for phones in words:
        stressed, text = stressed_vowel(phones), ""
        for at, phone in enumerate(phones):
            own = "".join(spelling[phone.removeprefix("ˈ")])
            text += voice.stress.get(own[:1], own[:1]) + own[1:] if at == stressed else own
        for before, after in voice.respelt.items():
            text = text.replace(before, after)
        written.append(text)
    return " ".join(written)


def duration_ms(phone: str, *, stressed: bool, last_vowel: bool) -> float:
    """Return the usual duration of a phone in read speech of single words."""
    if phone in VOWELS:
        base = 150.0 if phone in LONG_VOWELS else 95.0
        return base * (1.15 if stressed else 0.9) * (1.25 if last_vowel else 1.0)
    if phone in {"s", "ʃ", "f", "θ", "x", "ħ", "sˤ", "tʃ"}:
        return 105.0
    return {"r": 55.0, "w": 55.0, "j": 55.0, "h": 60.0, "v": 60.0, "ð": 50.0, "l": 65.0}.get(phone, 75.0)


def segments(
    words: Sequence[Sequence[str]],
    spelling: Mapping[str, tuple[str, ...]],
    silence: str,
    rng: random.Random,
    *,
    pitch_hz: float,
    speed: float,
) -> str:
    """Write festival's list of segments, `(phone seconds (offset hertz))`, with falling or (seldom) rising pitch.

    Words of one breath follow each other directly, or (a third of them) after a short pause.
    """
    rows: list[tuple[str, float, bool, bool]] = []
    for number, phones in enumerate(words):
        if number and rng.random() < 0.33:
            rows.append((silence, rng.uniform(0.04, 0.15), False, False))
        stressed = stressed_vowel(phones)
        vowels = [i for i, p in enumerate(phones) if p.removeprefix("ˈ") in VOWELS]
        for at, marked in enumerate(phones):
            phone = marked.removeprefix("ˈ")
            if at and marked == phones[at - 1]:  # a long consonant is one sound, held
                rows[-1] = (rows[-1][0], rows[-1][1] * 1.7, *rows[-1][2:])
                continue
            last = bool(vowels) and at == vowels[-1]
            length = duration_ms(phone, stressed=at == stressed, last_vowel=last) / speed / 1000
            own = spelling[phone]
            for part, name in enumerate(own):
                share = (0.6, 0.4)[part] if len(own) == 2 and phone in VOWELS else 1 / len(own)
                rows.append((name, length * share * rng.uniform(0.85, 1.2), phone in VOWELS, at == stressed))
    rise = rng.random() < 0.12
    start, end = (
        pitch_hz * rng.uniform(1.02, 1.15),
        pitch_hz * (rng.uniform(1.1, 1.3) if rise else rng.uniform(0.72, 0.9)),
    )
    total = sum(row[1] for row in rows)
    out, now = [f"({silence} 0.15 (0 {start:.0f}))"], 0.0
    for name, length, is_vowel, stressed_here in rows:
        hertz = start + (end - start) * (now + length / 2) / total
        hertz *= rng.uniform(0.97, 1.03) * (1.12 if stressed_here else 1.0)
        target = f" ({length / 2:.3f} {hertz:.0f})" if is_vowel else ""
        out.append(f"({name} {length:.3f}{target})")
        now += length
    out.append(f"({silence} 0.15 (0 {end:.0f}))")
    return f"({' '.join(out)})"
