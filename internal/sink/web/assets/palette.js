// The palette finds whatever can be done on the page: elements with data-command.
import { use } from "./keys.js";
import { may } from "./may.js";
import { at } from "./root.js";

export function setUpPalette() {
  const dialog = document.getElementById("palette");
  const input = document.getElementById("palette-input");
  const options = document.getElementById("palette-list");
  let chosen = 0;

  const choose = (n) => {
    const all = options.children;
    chosen = all.length ? (n + all.length) % all.length : 0;
    [...all].forEach((li, i) => li.setAttribute("aria-selected", String(i === chosen)));
    all[chosen]?.scrollIntoView({ block: "nearest" });
    if (all[chosen]) input.setAttribute("aria-activedescendant", all[chosen].id);
  };
  const fill = () => {
    options.replaceChildren(...commands(input.value).map(option));
    choose(0);
  };
  const run = (li) => {
    if (!li) return;
    dialog.close();
    li.run();
  };
  const show = () => {
    input.value = "";
    dialog.showModal();
    fill();
  };

  document.getElementById("palette-open").addEventListener("click", show);
  input.addEventListener("input", fill);
  input.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) choose(chosen + by);
    else if (event.key === "Enter") run(options.children[chosen]);
    else return;
    event.preventDefault();
  });
  options.addEventListener("click", (event) => run(event.target.closest("li")));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else show();
    }
  });

  const help = document.getElementById("help");
  document.getElementById("help-open").addEventListener("click", () => help.showModal());
}

// commands returns what matches all the words typed, and a search for them.
function commands(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...document.querySelectorAll("[data-command]")]
    .filter((e) => may(e) && words.every((w) => e.dataset.command.toLowerCase().includes(w)))
    .map((e) => ({ label: e.dataset.command, key: e.dataset.key, run: () => use(e) }));
  if (words.length) {
    found.push({ label: `Search for ${text.trim()}`, run: () => location.assign(at("/?" + new URLSearchParams({ q: text.trim() }))) });
  }
  return found;
}

function option({ label, key, run }, index) {
  const li = document.createElement("li");
  li.id = "command-" + index;
  li.setAttribute("role", "option");
  li.append(label);
  if (key) {
    const kbd = document.createElement("kbd");
    kbd.textContent = key;
    li.append(kbd);
  }
  li.run = run;
  return li;
}
