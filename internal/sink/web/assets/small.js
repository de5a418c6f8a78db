// Small matters: copying, filtering header fields, menus that close.

export function watchCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-text]");
    if (!button) return;
    const text = button.dataset.copyText ?? document.querySelector(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy it";
    }
  });
}

export function watchFilters() {
  document.addEventListener("input", (event) => {
    const selector = event.target.dataset?.filter;
    if (!selector) return;
    const wanted = event.target.value.toLowerCase();
    for (const e of document.querySelectorAll(selector)) e.hidden = !e.dataset.text.includes(wanted);
  });
}

export function watchMenus() {
  const close = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => close(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
}
