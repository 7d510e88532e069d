"""Conversations: calls written down in YAML as tests of a flow, played against the engine without a telephone."""
