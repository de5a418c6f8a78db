// Tells the other modules when a part of the page was replaced.

const listeners = [];

// onShown calls f with each part of the page, now and when it is replaced.
export function onShown(f) {
  listeners.push(f);
  f(document);
}

export function shown(part) {
  for (const f of listeners) f(part);
}
