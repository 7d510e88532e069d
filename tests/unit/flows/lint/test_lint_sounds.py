"""Which phrases sound alike on a telephone."""

from __future__ import annotations

import pytest

from flows.lint.sounds import sound_alike


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "billing", "building"),
        ("en", "hours", "ours"),
        ("en", "sales", "sails"),
        ("en", "back", "pack"),
        ("en", "track", "truck"),
        ("en", "account", "a count"),
        ("en", "lost card", "last card"),
        ("en", "phone", "fone"),
        ("fa", "حساب", "هساب"),
        ("fa", "قضا", "غذا"),
        ("fa", "قبض", "قبظ"),
        ("ar", "فاتورة", "فواتير"),
        ("ar", "سورة", "صورة"),
        ("ar", "إرجاع", "رجوع"),
    ],
)
def test_these_sound_alike(language: str, first: str, second: str) -> None:
    assert sound_alike(first, second, language)
    assert sound_alike(second, first, language)


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "yes", "no"),
        ("en", "hours", "order"),
        ("en", "sales", "service"),
        ("en", "call back", "back"),
        ("en", "arrival", "departure"),
        ("en", "claims", "payments"),
        ("en", "cancel my appointment", "move my appointment"),
        ("fa", "خرید", "فروش"),
        ("fa", "بله", "نه"),
        ("fa", "سفارش", "ساعت"),
        ("ar", "طلب", "موعد"),
        ("ar", "نعم", "لا"),
    ],
)
def test_these_do_not(language: str, first: str, second: str) -> None:
    assert not sound_alike(first, second, language)
