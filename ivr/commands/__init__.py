"""The commands of `ivr`, a file for each group."""
