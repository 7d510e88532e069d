"""The JSON API under /api/v1: what a desk does, for programs."""
