// Keeps list and open message as the store has them.
import { tell } from "./notify.js";
import { at } from "./root.js";
import { onShown } from "./shown.js";
import { article, list, main, open, opening, refreshList } from "./swap.js";

const pause = 200; // ms between two looks at the list, however much mail comes
const again = 3000; // ms until a stream that was refused is asked for again
const name = "postmuster-events" + at("/"); // another sink may share our origin
const kinds = ["received", "scored", "changed", "deleted", "resync", "message"];

export function watchMail() {
  if (!list()) return;
  let waiting = false;
  const look = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(async () => {
      waiting = false;
      await refreshList();
      count();
    }, pause);
  };
  listen((kind, data) => {
    showConnection(kind);
    if (kind === "lost") return;
    look();
    if (kind === "scored" || kind === "resync" || kind === "open") showScore(data);
    if (kind === "received") {
      announce();
      tell(data);
    }
  });
  onShown(catchUp);
  main().addEventListener("close", catchUp, true);
  main().addEventListener("focusout", () => setTimeout(catchUp));
  count();
}

// listen calls hear with each event while the page is shown. One page listens to
// the server for all of its kind: a browser opens six connections to a host, and
// a seventh page would never load.
function listen(hear) {
  const channel = new BroadcastChannel(name);
  let end = () => {};
  const pass = (kind, data) => {
    channel.postMessage({ kind, data });
    hear(kind, data);
  };
  const start = () => {
    const done = new AbortController();
    let release;
    end = () => {
      done.abort();
      release?.();
    };
    const lead = (to) => {
      if (done.signal.aborted) return;
      const close = openSource(to);
      return new Promise((free) => (release = () => free(close())));
    };
    // Without a secure context there are no locks, and each page listens.
    if (navigator.locks) navigator.locks.request(name, { signal: done.signal }, () => lead(pass)).catch(() => {});
    else lead(hear);
  };
  channel.addEventListener("message", (event) => hear(event.data.kind, event.data.data));
  // A page that the browser keeps to go back to would keep its connection, too.
  addEventListener("pagehide", () => end());
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    start();
    hear("open"); // at what came meanwhile
  });
  start();
}

// openSource opens the stream of events. A browser opens it again by itself after a
// lost connection, but not after an answer that is no stream.
function openSource(pass) {
  let source, timer;
  const start = () => {
    source = new EventSource(at("/api/postmuster/v1/events"));
    for (const kind of kinds) source.addEventListener(kind, (event) => pass(kind, event.data));
    source.addEventListener("open", () => pass("open")); // at what came before the stream did
    source.addEventListener("error", () => {
      pass("lost");
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(start, again);
    });
  };
  start();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

// showConnection says when what is shown may be old.
function showConnection(kind) {
  document.getElementById("offline").hidden = kind !== "lost";
}

let missed = false; // news of a score, while the reader did something

// occupied reports whether the reader opens or fills in something.
const occupied = () => opening() || main().querySelector("dialog[open], input:focus");

// showScore reads the open message anew when its score has come. What the reader
// opens goes before it.
function showScore(data) {
  const a = article();
  if (!a?.hasAttribute("data-unscored") || (data && !data.includes(a.dataset.id))) return;
  if (occupied()) missed = true;
  else open(location.href, false);
}

function catchUp() {
  if (!missed || occupied()) return;
  missed = false;
  showScore();
}

function announce() {
  const status = document.getElementById("status");
  if (!document.hidden) status.textContent = "New mail";
}

// count shows how many messages are new on the browser's tab, if none is open.
function count() {
  if (article()) return;
  const unread = Number(list().querySelector("[data-unread]")?.dataset.unread ?? 0);
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = unread ? `(${unread}) ${title}` : title;
}
