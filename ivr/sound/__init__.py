"""Telephone sound: frames, levels, and the voice of eSpeak NG."""
