"""Telephone sound: WAV files, mu-law, resampling, and the voice of eSpeak NG."""
