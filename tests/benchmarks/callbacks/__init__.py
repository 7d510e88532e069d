"""How many promises, how fast, how punctual, how soon after a crash: figures of the callbacks on a private Redis."""
