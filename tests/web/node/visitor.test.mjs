import assert from "node:assert/strict";
import { test } from "node:test";
import { accessToken, call, identify } from "../../../web/widget/visitor.js";

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

test("who is named while an older session is found again is who is here afterwards", async (t) => {
  const asked = [];
  t.mock.method(globalThis, "fetch", async (url) => {
    const token = await new Promise((answer) => asked.push({ url, answer }));
    const body = { access_token: token, expires_in: 900, ticket: null };
    return new Response(JSON.stringify(body));
  });
  const found = accessToken({ fresh: true });
  const named = identify("of the site");
  await new Promise(setImmediate);
  assert.deepEqual(
    asked.map(({ url }) => url),
    ["/web/visitor/refresh"],
  );
  asked[0].answer(tokenWith({ sub: "ann" }));
  assert.equal(await found, tokenWith({ sub: "ann" }));
  await new Promise(setImmediate);
  asked[1].answer(tokenWith({ sub: "bob" }));
  await named;
  assert.equal(await accessToken(), tokenWith({ sub: "bob" }));
  assert.equal(asked.length, 2);
});
