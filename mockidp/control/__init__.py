"""The control interface: what a test tool, or a person at the inspector, may ask of a running server.

`operations` are typed functions, `found` looks up what they are about, and `browsing` plays the browser; `shapes` is
what goes in and comes out. `routes` puts them behind HTTP, and `openapi` describes them from that same code.
"""
