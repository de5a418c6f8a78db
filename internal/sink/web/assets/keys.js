// Keys: an element with data-key is used when its keys are pressed.
import { may } from "./may.js";
import { current, list, open } from "./swap.js";

let before = ""; // the key pressed last

export function watchKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (busy(event.target)) {
      if (event.key === "Escape" && event.target.id === "q") event.target.blur();
      return;
    }
    if (press(event.key)) event.preventDefault();
  });
}

// busy reports whether keys belong to an element. One in a dialog that was closed
// keeps the focus for a moment.
function busy(element) {
  const dialog = element.closest("dialog");
  return dialog ? dialog.open : Boolean(element.closest("input, textarea, select"));
}

// press does what a key stands for, together with the one before it or alone.
function press(key) {
  const found = elementFor(`${before} ${key}`) ?? elementFor(key);
  before = found ? "" : key;
  if (found) {
    use(found);
    return true;
  }
  if (key === "/") {
    document.getElementById("q").select();
    return true;
  }
  return (key === "j" || key === "k") && step(key === "j" ? 1 : -1);
}

// use does what an element is for: a field is written into, all else is clicked.
export function use(element) {
  if (element.matches("input")) element.focus();
  else element.click();
}

function elementFor(keys) {
  return [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key === keys && may(e));
}

// step opens the next message of the list, or the one before.
function step(by) {
  const rows = [...(list()?.querySelectorAll("a.row-link") ?? [])];
  if (!rows.length) return false;
  const at = rows.findIndex((r) => r.id === "m-" + current());
  const row = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (rows.indexOf(row) !== at) open(row.href);
  return true;
}
