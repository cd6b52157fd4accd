// Stands in for Persona's own script: the sign-in page in a window of its own, its answer in the fragment of this page.
(function () {
  var page = "https://login.persona.org/sign_in";
  var told = /^#assertion=(.+)$/.exec(location.hash);
  if (told && window.opener) {
    window.opener.postMessage({ persona: decodeURIComponent(told[1]) }, location.origin);
    window.close();
    return;
  }
  var watching = {}, waiting = null;
  function ask(done, cancelled) {
    var query = new URLSearchParams({
      origin: location.origin,
      return_to: location.href.replace(/#.*/, ""),
      answer: "fragment"
    });
    var opened = window.open(page + "?" + query, "persona", "width=700,height=500");
    waiting = done;
    var watch = setInterval(function () {
      if (opened && !opened.closed) return;
      clearInterval(watch);
      setTimeout(function () {
        if (waiting !== done) return;
        waiting = null;
        if (cancelled) cancelled();
      }, 500);
    }, 200);
  }
  window.addEventListener("message", function (event) {
    if (event.origin !== location.origin || !waiting || !event.data || typeof event.data.persona !== "string") return;
    var done = waiting;
    waiting = null;
    done(event.data.persona);
  });
  var id = {
    watch: function (options) {
      watching = options || {};
      if (watching.onready) setTimeout(watching.onready, 0);
    },
    request: function (options) {
      ask(function (assertion) { if (watching.onlogin) watching.onlogin(assertion); }, options && options.oncancel);
    },
    get: function (callback) {
      ask(callback, function () { callback(null); });
    },
    logout: function () {
      if (watching.onlogout) watching.onlogout();
    }
  };
  id.getVerifiedEmail = id.get;
  navigator.id = id;
})();
