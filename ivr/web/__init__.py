"""The carrier's webhooks, and what hosts ask: Flask, stateless, two seconds at most."""
