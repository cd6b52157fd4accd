"""Judges that warn as they are imported: that is theirs, and ours stay errors."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import openid.consumer.consumer
    import openid.server.server  # noqa: F401
