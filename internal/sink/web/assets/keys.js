// Keys: an element with data-key is clicked when its keys are pressed.
import { article, list, open } from "./swap.js";

const patience = 1000; // ms between two keys that belong together

let sequence = "";
let last = 0;

export function watchKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) {
      if (event.key === "Escape" && event.target.id === "q") event.target.blur();
      return;
    }
    if (press(event.key, event.timeStamp)) event.preventDefault();
  });
}

function press(key, at) {
  sequence = at - last < patience ? `${sequence} ${key}` : key;
  last = at;
  const found = elementFor(sequence) ?? elementFor(key);
  if (found) {
    sequence = "";
    found.click();
    return true;
  }
  if (key === "/") {
    document.getElementById("q").select();
    return true;
  }
  return (key === "j" || key === "k") && step(key === "j" ? 1 : -1);
}

function elementFor(keys) {
  return [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key === keys);
}

// step opens the next message of the list, or the one before.
function step(by) {
  const rows = [...(list()?.querySelectorAll("a.row-link") ?? [])];
  if (!rows.length) return false;
  const at = rows.findIndex((r) => r.id === "m-" + article()?.dataset.id);
  const row = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (rows.indexOf(row) !== at) open(row.href);
  return true;
}
