"""A simulated identity provider that behaves as the contracts say, and the checks that hold both to it."""

__version__ = "0.1.0"
