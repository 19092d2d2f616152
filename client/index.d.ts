import type {
  Event as TimelineEvent,
  Notification,
  Ticket as TicketView,
  TicketRow,
  Tokens,
  Viewer,
} from "./types.d.ts";

export type { Notification, TicketRow, TicketView, TimelineEvent, Tokens, Viewer };
/** A UUID. */
export type Id = string;

/** What of `localStorage` is used. */
export interface Storage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** What of `navigator.locks` is used. */
export interface Locks {
  request<T>(name: string, work: () => T | Promise<T>): Promise<T>;
}

interface Common {
  /** Where the desk is, such as `https://desk.example.com`. */
  url: string;
  fetch?: typeof globalThis.fetch;
  /** `io` of another build of socket.io-client. */
  io?: (url: string, options: object) => object;
  /** More options for `io`, such as `{ transports: ["websocket"] }`. */
  socket?: object;
  /** Keeps the session's tokens for all tabs, and unsent messages beyond a reload. */
  storage?: Storage;
  /** Stands before the names of all keys. Default `desk`. */
  storagePrefix?: string;
  /** Default `navigator.locks`, where there is one. */
  locks?: Locks;
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
  /** The server's stable code, or `invalid`, `closed`, `lost`, `logged_out` or `other_account`. */
  readonly code: string;
}

export class DeskClient {
  constructor(options: Options);
  readonly isConnected: boolean;
  ticket(id: Id, options?: { after?: number }): Ticket;
  on(name: "connected", listener: () => void): () => void;
  on(name: "disconnected", listener: (reason: string) => void): () => void;
  on(name: "signed_out", listener: (why: { code: string }) => void): () => void;
  on(name: "ticket_changed", listener: (ticket: TicketRow) => void): () => void;
  on(name: "notification", listener: (notification: Notification) => void): () => void;
  on(name: "not_sent", listener: (message: NotSent) => void): () => void;
  /** Ends the session in all tabs; rejects if the server could not be told. */
  signOut(): Promise<void>;
  close(): void;
}

/** A message that another page left or wrote, and that was refused. */
export interface NotSent {
  ticket_id: Id;
  client_id: string;
  content: string;
  code: string;
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
