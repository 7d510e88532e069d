"""Traces: what happened in a call, turn by turn, fit to be kept and true enough to drive the engine again."""
