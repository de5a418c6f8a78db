// The dialog that sends a message on. The recipients of last time are filled in:
// it is the reader who wrote them.
import { ask } from "./swap.js";

const last = "sent-on-to";

export function watchDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener ? document.getElementById(opener.dataset.dialog) : event.target.closest("dialog:has([data-close])");
    if (!dialog || (!opener && !event.target.closest("[data-close]") && event.target !== dialog)) return;
    event.preventDefault();
    if (!opener) return dialog.close();
    const to = dialog.querySelector("[name=to]");
    to.value ||= localStorage.getItem(last) ?? "";
    dialog.showModal();
    to.select();
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches(".send-on")) return;
    event.preventDefault();
    const button = form.querySelector("button");
    const result = form.querySelector("[role=status]");
    button.disabled = true;
    result.textContent = "Sending …";
    const html = await ask(form.getAttribute("action"), "send-on-result", new URLSearchParams(new FormData(form)));
    button.disabled = false;
    if (html === null) result.textContent = "The sink does not answer.";
    else result.innerHTML = html;
    if (result.querySelector(".sent")) localStorage.setItem(last, form.elements.to.value);
  });
}
