(() => {
  "use strict";
  const one = (id) => document.getElementById(id);

  // copy
  for (const button of document.querySelectorAll("[data-copies]")) button.hidden = !navigator.clipboard;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    await navigator.clipboard.writeText(one(button.dataset.copies).textContent);
    const word = button.firstChild;
    word.data = "Copied";
    setTimeout(() => { word.data = "Copy"; }, 1500);
  });

  // narrow a list while somebody types
  const field = document.querySelector("[data-narrows]");
  const rows = field && [...one(field.dataset.narrows).children];
  field && field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const text = row.dataset.text.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    if (one("found")) one("found").textContent = `${shown} of ${rows.length}`;
    if (one("nothing")) one("nothing").hidden = shown > 0;
  });

  // keep the page up to date
  const news = one("news");
  if (!news || !window.EventSource) return;
  let begun = null, version = null, busy = false, again = false;
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live"), old = one("live");
      if (!fresh || fresh.isEqualNode(old)) return;
      const focus = document.activeElement && old.contains(document.activeElement) && document.activeElement.id;
      for (const part of fresh.querySelectorAll("details[id]")) {
        const was = one(part.id);
        if (was) part.open = was.open;
      }
      for (const button of fresh.querySelectorAll("[data-copies]")) button.hidden = !navigator.clipboard;
      old.replaceWith(fresh);
      if (focus && one(focus)) one(focus).focus();
    } finally {
      busy = false;
      if (again) { again = false; refresh(); }
    }
  };
  const source = new EventSource(news.dataset.events);
  source.addEventListener("journal", (event) => {
    const told = JSON.parse(event.data);
    const more = begun === null ? 0 : told.begun - begun;
    if (version !== null && told.version !== version) refresh();
    if (more > 0) news.textContent = `${more} new login${more === 1 ? "" : "s"}.`;
    begun = told.begun;
    version = told.version;
    document.documentElement.classList.add("listening");
  });
  source.addEventListener("error", () => document.documentElement.classList.remove("listening"));
  addEventListener("pagehide", () => source.close());
})();
