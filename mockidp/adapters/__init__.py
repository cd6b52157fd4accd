"""Adapters that are ready to use: `mockidp check --client allauth`, `mockidp check --client "command:./login.sh"`."""
