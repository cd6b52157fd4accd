"""What a site can listen to. Every signal is sent with `request`; the sender is the Account class.

from providers.django.signals import signed_up
@receiver(signed_up)
def welcome(sender, request, user, account, identity, **more): ...
"""

from __future__ import annotations

from django.dispatch import Signal

before_login = Signal()  # identity, account (or None): raise adapter.Stop to answer with something else
signed_up = Signal()  # user, account, identity: a new user was made
logged_in = Signal()  # user, account, identity
connected = Signal()  # user, account, identity: an account was added to somebody who was logged in
disconnected = Signal()  # user, account
failed = Signal()  # provider, error: a LoginError; its text is safe to log
