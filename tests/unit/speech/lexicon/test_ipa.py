"""What eSpeak NG says, in the phones of the models."""

import pytest

from speech.lexicon.ipa import phones_of_ipa


@pytest.mark.parametrize(
    ("language", "ipa", "phones"),
    [
        ("en", "b_ˈɪ_l_ɪ_ŋ\n", "B IH L IH NG"),
        ("en", "ˈɪ_n_v_ɔɪ_s", "IH N V OY S"),
        ("en", "f_ˈaɪɚ", "F AY ER"),
        ("en", "w_ˈɔː_ɾ_ɚ", "W AO T ER"),
        ("en", "l_ˈɪ_ɾ_əl", "L IH T AH L"),
        ("ar", "m_u_s_ˈaː_ʕ_a_d_ˌa", "M U S AE AYN A D A"),
        ("fa", "f_ˈɑ_k_t_o_r", "F AA K T OW R"),
    ],
)
def test_signs_become_phones(language: str, ipa: str, phones: str) -> None:
    assert phones_of_ipa(ipa, language) == phones


@pytest.mark.parametrize("ipa", ["", "  ", "b_ǃ_a", "(en)"])
def test_what_has_no_like_here_is_no_pronunciation(ipa: str) -> None:
    assert phones_of_ipa(ipa, "en") is None
