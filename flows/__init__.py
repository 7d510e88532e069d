"""Call flows: pure, `advance(flow, state, event) -> (state, actions)`."""
