// Keeps list and open message as the store has them.
import { article, list, open, refreshList } from "./swap.js";

const pause = 200; // ms between two looks at the list, however much mail comes
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
    look();
    if (kind === "scored" || kind === "resync" || kind === "open") showScore(data);
    if (kind === "received") announce();
  });
  count();
}

// listen calls hear with each event while the page is shown. One page listens to
// the server for all of its kind: a browser opens six connections to a host, and
// a seventh page would never load.
function listen(hear) {
  const channel = new BroadcastChannel("postmuster-events");
  let end = () => {};
  const tell = (kind, data) => {
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
    const lead = () => {
      if (done.signal.aborted) return;
      const source = openSource(tell);
      return new Promise((free) => (release = () => free(source.close())));
    };
    // Without a secure context there are no locks, and each page listens.
    if (navigator.locks) navigator.locks.request("postmuster-events", { signal: done.signal }, lead).catch(() => {});
    else lead();
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

function openSource(tell) {
  const source = new EventSource("/api/postmuster/v1/events");
  for (const kind of kinds) source.addEventListener(kind, (event) => tell(kind, event.data));
  source.addEventListener("open", () => tell("open")); // at what came before the stream did
  return source;
}

// showScore reads the open message anew when its score has come.
function showScore(data) {
  const a = article();
  if (a?.hasAttribute("data-unscored") && (!data || data.includes(a.dataset.id))) open(location.href, false);
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
