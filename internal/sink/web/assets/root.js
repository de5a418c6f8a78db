// Where the page is: these modules lie in ROOT/assets/VERSION/.

const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

// at is where something of ours is, which is at path without a prefix.
export const at = (path) => root + path;

// own is the path of an address without the prefix.
export const own = (url) => url.pathname.slice(root.length);
