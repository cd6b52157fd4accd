"""The admin of apps, accounts, addresses and tokens. No secret is ever shown, not even to whoever entered it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from . import labels, lookup, probe
from .appform import AppForm, names
from .models import Account, Address, App, Token

# Parts of the names in what a provider told whose values are shown as a mark only.
HIDDEN = ("token", "secret", "password", "authorization", "api_key", "apikey", "session_key", "signature")
MARK = "••••••"
STYLE = {"all": ("providers_django/admin.css",)}


class ProviderFilter(admin.SimpleListFilter):
    """Only the providers that there are rows of, by their names."""

    title, parameter_name = _("provider"), "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        there = set(model_admin.model.objects.order_by().values_list("provider", flat=True).distinct())
        return [row for row in names() if row[0] in there]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(provider=self.value()) if self.value() else queryset


@admin.register(App)
class AppAdmin(admin.ModelAdmin):
    form = AppForm
    list_display = ("name", "provider_name", "client_id", "is_complete", "at_sites")
    list_filter = (ProviderFilter, "sites")
    search_fields = ("name", "provider", "client_id")
    filter_horizontal = ("sites",)
    actions = ("check_apps",)
    change_form_template = "admin/providers_django/app/change_form.html"

    class Media:
        css = STYLE

    @admin.display(description=_("provider"), ordering="provider")
    def provider_name(self, app: App) -> str:
        return dict(names()).get(app.provider, app.provider)

    @admin.display(description=_("complete"), boolean=True)
    def is_complete(self, app: App) -> bool:
        return not any(finding.state == probe.BAD for finding in probe.alone(app))

    @admin.display(description=_("sites"))
    def at_sites(self, app: App) -> str:
        return ", ".join(site.domain for site in app.sites.all()) or gettext("all")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("sites")

    def get_fields(self, request: HttpRequest, obj: App | None = None) -> list[str]:
        """Those that this provider has."""
        given = request.POST.get("provider") or request.GET.get("provider") or ""
        shown = AppForm(instance=obj, initial={"provider": given})
        readonly = not self.has_change_permission(request, obj) if obj is not None else False
        hidden = {"secret", "certificate_key", "remove_secret", "remove_certificate_key"} if readonly else set()
        return [name for name in shown.fields if name not in hidden]

    def get_urls(self) -> list[Any]:
        own = path("<path:object_id>/check/", self.admin_site.admin_view(self.check_view), name="providers_app_check")
        return [own, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """First the provider, since the fields have its words."""
        if request.method == "GET" and "provider" not in request.GET:
            if not self.has_add_permission(request):
                raise PermissionDenied
            more = [(name, value) for name, value in request.GET.items()]
            context = {**self._context(request), "title": gettext("Add app"), "providers": names(), "more": more}
            return TemplateResponse(request, "admin/providers_django/app/choose.html", context)
        return super().add_view(request, form_url, extra_context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> HttpResponse:
        obj: App | None = options.get("obj")
        form = context["adminform"].form
        provider = obj.provider if obj else (form.data.get("provider") or form.initial.get("provider") or "")
        if provider in dict(names()):
            app = obj or App(provider=provider)
            context.update(callbacks=_callbacks(request, app), note=labels.NOTES.get(provider, ""), app_checked=obj)
        return super().render_change_form(request, context, *args, **options)

    def check_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What is known of an app; by a POST with `ask` also what the provider says to a code that is made up."""
        app = self.get_object(request, unquote(object_id))
        if app is None:
            raise Http404
        if not self.has_change_permission(request, app):
            raise PermissionDenied
        findings = probe.here(app)
        asked = request.method == "POST" and "ask" in request.POST
        if asked:
            findings.append(probe.there(app, _own_callback(request, app)))
        title = gettext("Check %(name)s") % {"name": app.name}
        context = {**self._context(request), "title": title, "app": app, "findings": findings, "asked": asked}
        context |= {"provider_name": self.provider_name(app), "original": app}
        return TemplateResponse(request, "admin/providers_django/app/check.html", context)

    @admin.action(description=_("Check the selected apps (asks nobody)"), permissions=["change"])
    def check_apps(self, request: HttpRequest, queryset: Any) -> None:
        fine = 0
        for app in queryset:
            wrong = [finding for finding in probe.here(app) if finding.state != probe.GOOD]
            fine += not wrong
            for finding in wrong:
                level = messages.ERROR if finding.state == probe.BAD else messages.WARNING
                self.message_user(request, f"{app}: {finding.text}", level)
        if fine:
            text = ngettext("%(count)d app is in order.", "%(count)d apps are in order.", fine) % {"count": fine}
            self.message_user(request, text, messages.SUCCESS)

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}


def _own_callback(request: HttpRequest, app: App) -> str:
    try:
        return lookup.callback_url(request, app.provider)
    except NoReverseMatch:
        return ""


def _callbacks(request: HttpRequest, app: App) -> list[tuple[str, str]]:
    own = _own_callback(request, app)
    return probe.callback_urls(app, own) if own else []


class ReadOnly(admin.ModelAdmin):
    """What logins write, people read; it can be deleted."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TokenOfAccount(admin.StackedInline):
    model = Token
    fields = readonly_fields = ("app", "what", "scope", "expires", "stored")
    can_delete, extra, max_num = False, 0, 0

    @admin.display(description=_("stored secrets"))
    def what(self, token: Token) -> str:
        return kinds(token)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(ReadOnly):
    list_display = ("__str__", "provider_name", "uid", "user", "joined", "last_login")
    list_filter = (ProviderFilter, "joined", "last_login")
    search_fields = ("uid", "username")
    date_hierarchy = "joined"
    list_select_related = ("user",)
    fields = ("user", "provider", "realm", "uid", "username", "joined", "last_login", "told")
    inlines = (TokenOfAccount,)

    class Media:
        css = STYLE

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.search_fields, *_user_fields())

    @admin.display(description=_("provider"), ordering="provider")
    def provider_name(self, account: Account) -> str:
        return dict(names()).get(account.provider, account.provider)

    @admin.display(description=_("what the provider told"))
    def told(self, account: Account) -> str:
        text = json.dumps(without_secrets(account.raw), indent=2, ensure_ascii=False, sort_keys=True)
        return format_html('<pre class="readonly providers-told">{}</pre>', text)


@admin.register(Address)
class AddressAdmin(admin.ModelAdmin):
    """Whose address it is cannot be changed, whether it is verified can."""

    list_display = ("email", "user", "verified", "primary")
    list_filter = ("verified", "primary")
    search_fields = ("email",)
    list_select_related = ("user",)
    raw_id_fields = ("user",)
    fields = ("user", "email", "verified", "primary")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.search_fields, *_user_fields())

    def get_readonly_fields(self, request: HttpRequest, obj: Address | None = None) -> tuple[str, ...]:
        return ("user", "email") if obj is not None else ()


@admin.register(Token)
class TokenAdmin(ReadOnly):
    list_display = ("account", "app", "what", "scope", "expires", "stored")
    list_filter = ("account__provider", "expires", "stored")
    search_fields = ("account__uid", "account__username", "scope")
    list_select_related = ("account", "app")
    fields = ("account", "app", "what", "scope", "expires", "stored")

    @admin.display(description=_("stored secrets"))
    def what(self, token: Token) -> str:
        return kinds(token)


def kinds(token: Token) -> str:
    """Which secrets there are."""
    named = {"access": gettext("access token"), "refresh": gettext("refresh token"), "secret": gettext("token secret")}
    rows = []
    for field, name in named.items():
        value = getattr(token, field)
        if hasattr(value, "stored"):
            rows.append(gettext("%(name)s (unreadable with this SECRET_KEY)") % {"name": name})
        elif value:
            rows.append(name)
    return ", ".join(rows) or gettext("none")


def without_secrets(told: Any) -> Any:
    """What a provider told, with a mark in place of whatever is called a token or secret."""
    if isinstance(told, dict):
        return {name: MARK if _is_secret(name, value) else without_secrets(value) for name, value in told.items()}
    return [without_secrets(item) for item in told] if isinstance(told, list) else told


def _is_secret(name: str, value: Any) -> bool:
    """A text of such a name; a whole answer of a step may be called `token` or `id_token`."""
    return isinstance(value, str) and value != "" and any(part in name.lower() for part in HIDDEN)


def _user_fields() -> tuple[str, ...]:
    model = get_user_model()
    return tuple(f"user__{name}" for name in dict.fromkeys((model.USERNAME_FIELD, model.get_email_field_name())))
