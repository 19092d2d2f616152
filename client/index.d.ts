import type {
  Event as TimelineEvent,
  Notification,
  Ticket as TicketView,
  Tokens,
  Viewer,
} from "./types.d.ts";

export type { Notification, TicketView, TimelineEvent, Tokens, Viewer };
/** A UUID. */
export type Id = string;

/** What `localStorage` is. */
export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

interface Common {
  /** Where the desk is, such as `https://desk.example.com`. */
  url: string;
  fetch?: typeof globalThis.fetch;
  /** `io` of another build of socket.io-client. */
  io?: (url: string, options: object) => object;
  /** More options for `io`, such as `{ transports: ["websocket"] }`. */
  socket?: object;
  /** Keeps unsent messages beyond a reload. */
  storage?: Storage;
  /** One per account: who signs in next must not send what the last one left. Default `desk`. */
  storagePrefix?: string;
}

/** Either a pair of tokens, which the client refreshes, or a function that gives a good one. */
export type Options = Common &
  (
    | {
        /** A login's answer, or what was kept of it. */
        tokens: Pick<Tokens, "access_token" | "refresh_token"> & Partial<Tokens>;
        onTokens?: (pair: Tokens) => void;
      }
    | { getToken: () => string | Promise<string> }
  );

export class DeskError extends Error {
  /** The server's stable code, or `closed`. */
  readonly code: string;
}

export class DeskClient {
  constructor(options: Options);
  readonly isConnected: boolean;
  ticket(id: Id, options?: { after?: number }): Ticket;
  on(name: "connected", listener: () => void): () => void;
  on(name: "disconnected", listener: (reason: string) => void): () => void;
  on(name: "signed_out", listener: (why: { code: string }) => void): () => void;
  on(name: "ticket_changed", listener: (ticket: TicketView) => void): () => void;
  on(name: "notification", listener: (notification: Notification) => void): () => void;
  close(): void;
}

export class Ticket {
  private constructor();
  readonly id: Id;
  readonly last: number;
  readonly ticket: TicketView | null;
  readonly viewers: Viewer[];
  readonly unsent: { client_id: string; content: string; internal?: true }[];
  events(): AsyncIterableIterator<TimelineEvent>;
  send(
    content: string,
    options?: { internal?: boolean; clientId?: string },
  ): Promise<TimelineEvent>;
  typing(active?: boolean): void;
  markRead(seq?: number): void;
  leave(): void;
  on(name: "event", listener: (event: TimelineEvent) => void): () => void;
  on(name: "live", listener: (joined: { ticket: TicketView; seq: number }) => void): () => void;
  on(name: "refused", listener: (error: DeskError) => void): () => void;
  on(name: "presence", listener: (present: { viewers: Viewer[] }) => void): () => void;
  on(name: "typing", listener: (typing: { user_id: Id; active: boolean }) => void): () => void;
  on(name: "read", listener: (read: { user_id: Id; seq: number }) => void): () => void;
}
