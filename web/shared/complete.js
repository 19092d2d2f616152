// @ts-check
/**
 * Runs before all else, from an address that no release changes: a page whose modules or styles do
 * not come is loaded again, once, and then says it. They are missing while a release replaces
 * another one: the page came from one process, and its files are asked of the other.
 */
addEventListener(
  "error",
  ({ target }) => {
    const isStyle = target instanceof HTMLLinkElement && target.rel !== "icon";
    if (!isStyle && !(target instanceof HTMLScriptElement)) return;
    const [visit] = performance.getEntriesByType("navigation");
    const isFirst = visit instanceof PerformanceNavigationTiming && visit.type !== "reload";
    // What was posted is not posted again: such a page says it at once.
    const said = document.getElementById("incomplete");
    if (isFirst && !document.documentElement.hasAttribute("data-posted")) location.reload();
    else if (said) said.hidden = false;
  },
  true,
);
