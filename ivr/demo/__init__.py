"""`ivr demo`: the main job, end to end, with the processes that production uses and a carrier on this machine."""
