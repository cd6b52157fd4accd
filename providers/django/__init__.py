"""Log in to a Django site with other people's identity providers: `INSTALLED_APPS += ["providers.django"]`.

Apps and their keys in the admin or in the settings (`SOCIALACCOUNT_PROVIDERS`), the callback URLs that sites of
django-allauth have registered, template tags, accounts and tokens as rows. Built on `providers`, which knows the
protocols; this package knows Django. Needs the extra `django`.
"""
