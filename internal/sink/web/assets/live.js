// Keeps list and open message as the store has them.
import { article, list, open, refreshList } from "./swap.js";

const pause = 200; // ms between two looks at the list, however much mail comes
const kinds = ["received", "scored", "changed", "deleted", "resync", "message"];

export function watchMail() {
  if (!list()) return;
  const source = new EventSource("/api/postmuster/v1/events");
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
  for (const kind of kinds) {
    source.addEventListener(kind, (event) => {
      look();
      if (kind === "scored" || kind === "resync") showScore(event.data);
      if (kind === "received") announce();
    });
  }
  source.addEventListener("open", () => {
    look(); // at what came before the stream did
    showScore();
  });
  count();
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
