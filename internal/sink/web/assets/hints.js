// Hints in the search field: the words of a search that the last one typed begins,
// and the names of inboxes and tags.

const words = [
  "from:", "to:", "cc:", "bcc:", "reply-to:", "subject:", "file:", "header:", "inbox:", "tag:", "check:",
  "has:attachment", "has:inline", "has:html", "has:link", "has:report", "is:read", "is:unread", "is:tagged", "is:untagged",
  "score:<80", "larger:1M", "smaller:200K", "after:2h", "before:",
];

export function watchSearch() {
  const field = document.getElementById("q");
  const hints = document.getElementById("search-hints");
  field.addEventListener("input", () => hints.replaceChildren(...completions(field.value).map((text) => new Option(text, text))));
}

// completions are searches that go on where the text ends.
function completions(text) {
  const [, before, not, last] = /^(.*?)([-!]?)([^\s"]*)$/s.exec(text) ?? [];
  if (!last || (before && !/\s$/.test(before))) return [];
  const names = [...document.querySelectorAll("#list [data-term]")].map((e) => e.dataset.term);
  return [...words, ...names].filter((w) => w !== last && w.startsWith(last.toLowerCase())).map((w) => before + not + w).slice(0, 12);
}
