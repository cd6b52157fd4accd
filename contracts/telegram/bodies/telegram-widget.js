// Stands in for Telegram's own script: a plain link where its button would be. Knows data-auth-url only.
(function (script) {
  if (!script) return;
  var told = script.dataset, link = document.createElement("a");
  var query = new URLSearchParams({
    origin: location.origin,
    return_to: new URL(told.authUrl || location.href, location.href).href,
    size: told.size || "large"
  });
  if (told.requestAccess) query.set("request_access", told.requestAccess);
  link.href = "https://oauth.telegram.org/embed/" + encodeURIComponent(told.telegramLogin) + "?" + query;
  link.textContent = "Log in with Telegram";
  script.after(link);
})(document.currentScript);
