"""Callbacks: the promise, its queue, its dispatch and its end."""
