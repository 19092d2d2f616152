/** A socket.io-client that a test moves by hand. */
export class FakeSocket {
  connected = false;
  active = true;
  emitted = [];
  /** Answers an event: `{ok, data}`, or undefined for silence. */
  answer = () => ({ ok: true, data: {} });
  #handlers = new Map();

  #heard = () => {};

  /** As of socket.io-client: what the connection below says, and whatever comes. */
  io = { on: (name, heard) => name === "ping" && (this.#heard = heard) };

  ping() {
    this.#heard();
  }

  onAny() {}

  static io = (socket) => (url, options) => Object.assign(socket, { url, options });

  on(name, handler) {
    this.#handlers.set(name, handler);
  }

  hear(name, payload) {
    this.#handlers.get(name)?.(payload);
  }

  async arrive() {
    await new Promise((given) => this.options.auth((auth) => given((this.given = auth))));
    this.connected = true;
    this.hear("connect");
  }

  leave(reason = "transport close") {
    this.connected = false;
    this.hear("disconnect", reason);
  }

  connect() {
    this.connecting = (this.connecting ?? 0) + 1;
    return this;
  }

  disconnect() {
    if (this.connected) this.leave("io client disconnect");
    return this;
  }

  timeout() {
    return {
      emitWithAck: async (event, payload) => {
        this.emitted.push([event, payload]);
        await null; // A server answers later, never from within the call.
        const answer = await this.answer(event, payload, this);
        if (answer === undefined) throw new Error("no answer");
        return answer;
      },
    };
  }

  sent(event) {
    return this.emitted.filter(([name]) => name === event).map(([, payload]) => payload);
  }
}

export const ok = (data) => ({ ok: true, data });
export const no = (code) => ({ ok: false, error: { code, detail: code } });
export const event = (seq, ticket_id = "t") => ({ ticket_id, seq, kind: "message_posted", data: {} });
export const soon = (ms = 5) => new Promise((done) => setTimeout(done, ms));

export async function until(condition) {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${condition}`);
    await soon();
  }
}

/** An access token, as far as a client can read it. */
export function token(lifeSeconds, name = "a", issuedAt = Date.now(), more = {}) {
  const now = issuedAt / 1000;
  const body = btoa(JSON.stringify({ iat: now, exp: now + lifeSeconds, name, ...more }));
  return `h.${body.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.s`;
}
