// Light or dark: as the system has it until the reader chooses. The choice is a
// cookie, so that the server sends the page in it and nothing flashes.

import { at } from "./root.js";

const year = 365 * 24 * 60 * 60;

export function setUpTheme() {
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const now = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=${at("/")}; max-age=${year}; samesite=strict`;
  });
}
