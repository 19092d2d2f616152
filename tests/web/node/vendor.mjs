/** Lets Node find the vendored modules by the names that the pages import them by. */
import { register } from "node:module";

const resolve = `
  const FILES = {
    "@preact/signals-core": "signals-core/signals-core.mjs",
  };
  export const resolve = (name, context, next) =>
    name in FILES
      ? { url: new URL(FILES[name], ${JSON.stringify(new URL("../../../web/vendor/", import.meta.url))}).href, shortCircuit: true }
      : next(name, context);
`;
register(`data:text/javascript,${encodeURIComponent(resolve)}`);
