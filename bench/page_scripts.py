"""What `bench.web` runs in the pages: each a function, as `Page.evaluate` takes it."""

# Sets when a key was pressed last, and tells when a text is painted at the end of the log.
WATCH_KEYS = """() => addEventListener("keydown", (event) => {
  if (event.key === "Enter") window.benchKey = performance.timeOrigin + performance.now();
}, true)"""
PAINTED = """(needle) => new Promise((done) => {
  const look = () => {
    const log = document.querySelector("[role=log]");
    if (!log?.textContent.includes(needle)) return false;
    requestAnimationFrame(() => setTimeout(() => done(performance.timeOrigin + performance.now())));
    return true;
  };
  if (look()) return;
  const observer = new MutationObserver(() => look() && observer.disconnect());
  observer.observe(document.body, { subtree: true, childList: true, characterData: true });
})"""
KEY = "() => window.benchKey"
# When the first row stands in the list, since the navigation began.
USABLE = """() => new Promise((done) => {
  const look = () => document.querySelector('[aria-label="Tickets"] a')
    ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look);
  look();
})"""
FETCHED = """() => performance.getEntriesByType("resource").map((entry) => entry.name)"""
BARE = """async ({ assets, calls, token }) => {
  const read = async (url, headers) => (await fetch(url, { headers })).arrayBuffer();
  await Promise.all(assets.map((url) => read(url)));
  for (const url of calls) await read(url, { Authorization: `Bearer ${token}` });
  return performance.now();
}"""
# The longest frame while the list is scrolled by screens, up to so many rows or its end.
SCROLL = """async (rows) => {
  const list = document.querySelector('ul[aria-label="Tickets"]');
  let pane = list;
  while (!/auto|scroll/.test(getComputedStyle(pane).overflowY)) pane = pane.parentElement;
  const frames = [];
  let last = performance.now(), idle = 0, seen = 0;
  while (idle < 120 && seen < rows) {
    await new Promise(requestAnimationFrame);
    const now = performance.now(), before = pane.scrollTop;
    frames.push(now - last);
    last = now;
    pane.scrollTop += pane.clientHeight / 2;
    idle = pane.scrollTop === before ? idle + 1 : 0;
    const numbers = [...list.querySelectorAll("[aria-posinset]")]
      .map((row) => Number(row.getAttribute("aria-posinset")));
    seen = Math.max(seen, ...numbers);
  }
  return { frames, seen };
}"""
