import assert from "node:assert/strict";
import { test } from "node:test";
import { accessToken, call } from "../../../web/widget/visitor.js";

/** @param {object} claims */
const tokenWith = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

test("a visitor's token that was refused is replaced by their own, however good it seems", async (t) => {
  let made = 0;
  let person = "ann?>";
  const refused = new Set();
  const token = (/** @type {number} */ n) => tokenWith({ sub: person, jti: n });
  t.mock.method(globalThis, "fetch", async (url, { headers }) => {
    const [, given] = (headers.Authorization ?? "").split(" ");
    if (refused.has(given)) return new Response("{}", { status: 401 });
    if (!url.endsWith("/web/visitor/refresh")) return new Response(JSON.stringify({ given }));
    const body = { access_token: token(++made), expires_in: 900, ticket: null };
    return new Response(JSON.stringify(body));
  });
  assert.equal(await accessToken(), token(1));
  assert.equal(await accessToken(), token(1));
  assert.equal(await accessToken({ fresh: true }), token(2));
  refused.add(token(2));
  assert.deepEqual(await call("GET", "/anything"), { given: token(3) });
  assert.equal(made, 3);
  refused.add(token(3));
  person = "bob";
  await assert.rejects(call("GET", "/anything"), { status: 401 });
  assert.deepEqual(await call("GET", "/anything"), { given: token(4) });
});
