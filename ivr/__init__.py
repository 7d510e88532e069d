"""The edge: carrier webhooks, media sockets, worker, command line; the only place that wires things together."""

__version__ = "0.1.0"
