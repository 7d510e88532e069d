"""Serving: how many live streams, how dear their transport is, what too many of them do, what a day of them leaves."""
