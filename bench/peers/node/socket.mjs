// A Socket.IO client that is cheap enough to be many: a bare WebSocket and the few packets it needs.
import WebSocket from "ws";
import { ACK, EVENT, NAMESPACE, pause } from "./frames.mjs";

const OPTIONS = { perMessageDeflate: false, skipUTF8Validation: true };
const AGAIN_MS = 1000;

export class Socket {
  constructor(url, token) {
    this.userId = JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sub;
    this.acks = new Map();
    this.lastId = 0;
    this.onEvent = () => {};
    this.ws = new WebSocket(`${url}/socket.io/?EIO=4&transport=websocket`, OPTIONS);
    this.ready = new Promise((resolve, reject) => {
      this.ws.on("error", reject);
      this.ws.on("close", (code) => reject(new Error(`closed: ${code}`)));
      this.ws.on("message", (data) => this.take(data.toString(), token, resolve, reject));
    });
  }

  take(frame, token, resolve, reject) {
    if (frame.startsWith(EVENT)) this.onEvent(frame);
    else if (frame === "2") this.ws.send("3");
    else if (frame.startsWith(ACK)) this.acknowledge(frame);
    else if (frame.startsWith(`40${NAMESPACE}`)) resolve(this);
    else if (frame.startsWith("0")) this.ws.send(`40${NAMESPACE}${JSON.stringify({ token })}`);
    else reject(new Error(frame));
  }

  acknowledge(frame) {
    const at = frame.indexOf("[");
    const id = Number(frame.slice(ACK.length, at));
    this.acks.get(id)(JSON.parse(frame.slice(at))[0]);
    this.acks.delete(id);
  }

  emit(event, payload) {
    this.ws.send(EVENT + JSON.stringify([event, payload]));
  }

  // Emits and waits for the acknowledgement.
  call(event, payload) {
    this.lastId += 1;
    this.ws.send(`${EVENT}${this.lastId}${JSON.stringify([event, payload])}`);
    return new Promise((resolve) => this.acks.set(this.lastId, resolve));
  }

  // As `call`; once more, later, where the server says that it was too often.
  async ask(event, payload) {
    let ack = await this.call(event, payload);
    while (ack.error?.code === "rate_limited") {
      await pause(AGAIN_MS);
      ack = await this.call(event, payload);
    }
    if (!ack.ok) throw new Error(JSON.stringify(ack));
  }
}
