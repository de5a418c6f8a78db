// Opens messages and their sides beside the list, without loading the page anew.
import { fixed } from "./may.js";
import { at, own } from "./root.js";
import { shown } from "./shown.js";

const fragment = "Postmuster-Fragment";

export const main = () => document.getElementById("main");
export const list = () => document.getElementById("list");
export const article = () => main()?.querySelector("article[data-id]");

// ask fetches a part of the page, with the fields of a form if there are some;
// null when there is none to be had.
export async function ask(path, part, body) {
  try {
    const answer = await fetch(path, { method: body ? "POST" : "GET", headers: { [fragment]: part }, body });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

let latest = 0;
let coming = ""; // ID of the message that is being opened

export const opening = () => coming !== "";

// current is the ID of the message that is open, or will be in a moment.
export const current = () => coming || article()?.dataset.id;

// open shows the message at a path in its pane.
export async function open(path, remember = true) {
  const turn = ++latest;
  const url = new URL(path, location.href);
  coming = decodeURIComponent(own(url).split("/")[2] ?? "");
  const html = await ask(url.pathname + url.search, "message");
  if (turn !== latest) return; // something else was opened meanwhile
  coming = "";
  if (html === null) {
    location.assign(url);
    return;
  }
  const before = article()?.dataset.id;
  if (remember) history.pushState({}, "", url);
  const field = main().querySelector("input:focus");
  main().innerHTML = html;
  if (before === article()?.dataset.id) goOn(field);
  document.body.dataset.view = article() ? "message" : "list";
  if (before !== article()?.dataset.id) main().scrollTop = 0;
  if (url.hash) document.getElementById(url.hash.slice(1))?.scrollIntoView({ block: "center" });
  settle();
  shown(main());
}

// goOn lets the reader go on writing into a field that was shown anew.
function goOn(field) {
  const again = field?.id && document.getElementById(field.id);
  if (!again) return;
  again.value = field.value;
  again.focus({ preventScroll: true });
  again.dispatchEvent(new Event("input", { bubbles: true }));
}

// settle makes title, icon and list say which message is open, and marks it read.
function settle() {
  const a = article();
  if (!a) return;
  document.title = a.dataset.title;
  document.getElementById("icon").href = a.dataset.icon;
  for (const row of list().querySelectorAll(".row-link")) {
    const on = row.id === "m-" + a.dataset.id;
    row.toggleAttribute("aria-current", on);
    if (on) {
      row.setAttribute("aria-current", "true");
      row.scrollIntoView({ block: "nearest" });
    }
  }
  main().querySelector(".raw mark, .headers mark, .source mark")?.scrollIntoView({ block: "center" });
  markRead(a);
}

async function markRead(a) {
  if (fixed || a.dataset.read === "true") return;
  showRead(a, true);
  await post(at(`/messages/${encodeURIComponent(a.dataset.id)}/read`));
}

// showRead makes page and list say whether a message is read. The button is there
// to undo it.
function showRead(a, read) {
  a.dataset.read = String(read);
  document.getElementById("m-" + a.dataset.id)?.classList.toggle("new", !read);
  const form = a.querySelector("form[data-action=read], form[data-action=unread]");
  const action = read ? "unread" : "read";
  form.dataset.action = action;
  form.action = at(`/messages/${encodeURIComponent(a.dataset.id)}/${action}`);
  const button = form.querySelector("button");
  button.textContent = button.dataset.command = "Mark " + action;
}

let posted = Promise.resolve();

// post sends a form, after those before it: of two about one message the later counts.
export function post(path, body = new URLSearchParams()) {
  const send = () => fetch(path, { method: "POST", headers: { [fragment]: "none" }, body }).catch(() => null);
  return (posted = posted.then(send));
}

// refreshList reads the list anew.
export async function refreshList() {
  const query = new URLSearchParams(location.search);
  const q = query.get("q");
  const wanted = new URLSearchParams();
  if (q) wanted.set("q", q);
  if (query.get("cursor")) wanted.set("cursor", query.get("cursor"));
  if (article()) wanted.set("selected", article().dataset.id);
  const html = await ask(at("/?" + wanted), "list");
  if (html === null || document.querySelector("#list details[open]")) return;
  const known = new Set([...list().querySelectorAll(".row-link")].map((r) => r.id));
  const focus = document.activeElement?.id;
  const top = list().scrollTop;
  list().innerHTML = html;
  list().scrollTop = top;
  for (const row of list().querySelectorAll(".row-link")) if (known.size && !known.has(row.id)) row.parentElement.classList.add("fresh");
  if (focus?.startsWith("m-")) document.getElementById(focus)?.focus({ preventScroll: true });
  shown(list());
}

export function watchLinks() {
  if (!list()) return;
  document.addEventListener("click", (event) => {
    const go = event.target.closest("[data-go]");
    if (go) {
      event.preventDefault();
      location.assign(go.dataset.go);
      return;
    }
    const a = event.target.closest("a[data-swap]");
    if (!a || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(a.href);
  });
  addEventListener("popstate", () => {
    if (own(location).startsWith("/messages/")) open(location.href, false);
    else location.reload();
  });
  settle();
}

export function watchForms() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const action = form.dataset.action;
    if (!action || !list()) return;
    event.preventDefault();
    const next = action === "delete" ? beside() : null;
    const answer = await post(form.getAttribute("action"), new URLSearchParams(new FormData(form)));
    if (action === "read" || action === "unread") showRead(article(), action === "read");
    else if (action === "tags") await showTags(form, answer);
    else if (next) await open(next);
    else location.assign(document.querySelector(".back a")?.href ?? at("/"));
    refreshList();
  });
}

// showTags shows the tags as they are now, ready for the next one.
async function showTags(form, answer) {
  const field = form.elements.add;
  if (field && !answer?.ok) {
    field.setCustomValidity("This tag cannot be kept.");
    field.reportValidity();
    field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
    return;
  }
  if (field) field.value = "";
  await open(location.href, false);
  document.getElementById("tag")?.focus();
}

// beside returns the path of the message that follows the open one in the list.
function beside() {
  const row = document.getElementById("m-" + article()?.dataset.id)?.parentElement;
  return (row?.nextElementSibling ?? row?.previousElementSibling)?.querySelector("a.row-link")?.href;
}
