"""The contracts asked of the real providers: what drifted, how grave it is, and what to do about it.

One probe is one request. It is sent to the real host and, in a world of its own, to the simulator, which says what the
contract has as the answer: so nothing of a contract is read here a second time. `plan` lists the probes, `expect` asks
the simulator, `courier` sends with manners, `judge` compares, `run` puts them together.
"""
