// Tells of new mail outside the page, if the reader wants it.
import { at } from "./root.js";
import { open } from "./swap.js";

const wanted = () => localStorage.getItem("notify") === "yes" && globalThis.Notification?.permission === "granted";

export function setUpNotifying() {
  const button = document.getElementById("notify");
  if (!globalThis.Notification) {
    button.remove();
    return;
  }
  const show = () => {
    button.textContent = button.dataset.command = wanted() ? "Stop telling me of new mail" : "Tell me of new mail";
  };
  button.addEventListener("click", async () => {
    const on = !wanted() && (await Notification.requestPermission()) === "granted";
    localStorage.setItem("notify", on ? "yes" : "no");
    show();
  });
  show();
}

// tell shows a message that came while the page was not looked at. Of several
// pages that do, the last one counts: they share the tag.
export function tell(data) {
  if (!document.hidden || !wanted()) return;
  const { message } = JSON.parse(data);
  if (!message) return;
  const note = new Notification(message.subject || "(no subject)", { body: message.from_name || message.from, tag: message.id, icon: at("/icon/plain.svg") });
  note.addEventListener("click", () => {
    window.focus();
    open(at("/messages/" + encodeURIComponent(message.id)));
    note.close();
  });
}
