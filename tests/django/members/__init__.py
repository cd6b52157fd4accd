"""A site's own user model, whose username is the e-mail address."""
