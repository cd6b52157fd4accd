// A stand-in for Facebook's JavaScript SDK, which is Facebook's own and cannot be had: only FB.init and FB.login, as
// developers.facebook.com/docs/reference/javascript documents them. The window that it opens is the provider's own
// dialog, at its real address; the token that comes back is the simulator's.
"use strict";

window.FB = {
  init(options) {
    if (!options.appId || !options.version) throw new Error("FB.init needs appId and version");
    window.FB.options = options;
  },
  login(done, options) {
    if (!window.FB.options) throw new Error("FB.login before FB.init");
    const landing = `${location.origin}/static/site.css`; // any page of this origin; the real SDK has one of its own
    const query = new URLSearchParams({
      client_id: window.FB.options.appId, redirect_uri: landing, response_type: "token", display: "popup",
      scope: (options && options.scope) || "",
    });
    const popup = window.open(`https://www.facebook.com/${window.FB.options.version}/dialog/oauth?${query}`, "", "popup,width=600,height=700");
    const look = setInterval(() => {
      let back = null;
      try {
        back = popup.location.href.startsWith(landing) ? popup.location : null;
      } catch { /* still at Facebook, whose address this page may not read */ }
      if (!back && !popup.closed) return;
      clearInterval(look);
      const told = back ? new URLSearchParams(back.hash.slice(1)) : new URLSearchParams();
      popup.close();
      const token = told.get("access_token");
      done(token ? { status: "connected", authResponse: { accessToken: token } } : { status: "unknown", authResponse: null });
    }, 50);
  },
};
setTimeout(() => window.fbAsyncInit && window.fbAsyncInit(), 0);
