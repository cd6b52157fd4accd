"""One engine for four subjects: an exchange can be served, probed, driven by a client, and diffed."""
