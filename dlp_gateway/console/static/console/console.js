// What makes the pages nicer; all of them work without it.
"use strict";

// Keys: "?" shows them, g + letter goes to a section, j/k walk through rows, Enter opens, / searches.
const typing = (element) => element.closest("input, textarea, select, [contenteditable]");

let chord = "";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (chord === "g") {
    const link = document.querySelector(`nav.menu a[data-key="${CSS.escape(event.key)}"]`);
    chord = "";
    if (link) link.click();
    return;
  }
  if (event.key === "g") {
    chord = "g";
    return;
  }
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  } else if (event.key === "j" || event.key === "k") {
    const links = [...document.querySelectorAll("[data-row]")];
    const at = links.indexOf(document.activeElement);
    const next = links[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), links.length - 1)];
    if (next) next.focus();
  } else if (event.key === "?") {
    const keys = document.getElementById("keys");
    if (keys) keys.showModal();
  } else {
    const act = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (act) {
      event.preventDefault();
      if (act.tagName === "DETAILS") act.open = true;
      (act.querySelector("textarea, input:not([type=hidden])") || act).focus();
      if (act.tagName === "BUTTON" || act.tagName === "A") act.click();
    }
  }
});

// "All of these": a box that checks every box of its table.
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-all]");
  if (!all) return;
  for (const box of all.closest("table").querySelectorAll(`input[name="${CSS.escape(all.dataset.all)}"]`)) {
    box.checked = all.checked;
  }
});
