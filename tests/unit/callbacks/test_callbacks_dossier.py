"""What the agent hears before the two are connected."""

from __future__ import annotations

from callbacks.dossier import whisper


def test_values_of_every_type_can_be_spoken() -> None:
    values = {"order_number": "4821", "people": 4, "first_visit": True, "amount": 12.5, "nothing": None}
    heard = whisper({"organisation": "the shop", "caller_number": None, "values": values})
    assert heard == (
        "A caller for the shop, with a withheld number. Order number: 4 8 2 1. "
        "People: 4. First visit: yes. Amount: 12.5."
    )


def test_a_caller_whose_name_is_known_is_called_by_it_first() -> None:
    values = {"order_number": "4821", "customer_name": "the one of the till"}
    heard = whisper({"organisation": "the shop", "caller_number": "+442079460123", "values": values, "reason": "a van"})
    assert heard == (
        "A caller for the shop, the one of the till, on the number ending in 0 1 2 3, about a van. "
        "Order number: 4 8 2 1."
    )
