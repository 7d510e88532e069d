"""Speech: audio to utterance to interpretation, offline, with Vosk."""
