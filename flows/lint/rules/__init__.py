"""One module for each rule; the registry finds them by being here."""
