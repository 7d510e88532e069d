"""The process that listens: the carrier's media sockets in, what callers said out."""
