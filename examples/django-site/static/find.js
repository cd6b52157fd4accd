// Narrow the list of providers down while somebody writes; without this script the whole list is there.
"use strict";

const field = document.getElementById("filter");
document.getElementById("find").hidden = false;

field.addEventListener("input", () => {
  const wanted = field.value.trim().toLowerCase();
  let shown = 0;
  for (const item of document.querySelectorAll("#choices > li")) {
    item.hidden = !item.textContent.toLowerCase().includes(wanted);
    shown += item.hidden ? 0 : 1;
  }
  document.getElementById("none").hidden = shown > 0;
});
