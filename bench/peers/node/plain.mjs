// A member of a ticket's plain WebSocket, which looks to the loads as one of Socket.IO.
import WebSocket from "ws";
import { EVENT } from "./frames.mjs";

export class PlainSocket {
  constructor(url, token, ticketId) {
    this.onEvent = () => {};
    this.waiting = new Map();
    const path = `/ws/tickets/${ticketId}?token=${token}`;
    this.ws = new WebSocket(url + path, { perMessageDeflate: false });
    this.ready = new Promise((resolve, reject) => {
      this.ws.on("error", reject);
      this.ws.on("close", (code) => reject(new Error(`closed: ${code}`)));
      this.ws.on("open", () => resolve(this));
      this.ws.on("message", (data) => this.take(JSON.parse(data)));
    });
  }

  take(message) {
    const { ticket_id, seq, client_id: clientId, content } = message;
    const event = { ticket_id, seq, kind: "message_posted", data: { content } };
    this.onEvent(EVENT + JSON.stringify(["timeline", event]));
    this.waiting.get(clientId)?.({ ok: true });
    this.waiting.delete(clientId);
    if (message.error) this.ws.emit("error", new Error(JSON.stringify(message.error)));
  }

  // What is sent comes back to its sender, too: that is the acknowledgement.
  call(_, { client_id: clientId, content }) {
    this.ws.send(JSON.stringify({ client_id: clientId, content }));
    return new Promise((resolve) => this.waiting.set(clientId, resolve));
  }
}
