import type {
  Connected,
  AttachmentShown,
  DraftShown,
  Event as TimelineEvent,
  Joined,
  Notification,
  OwnInboxRead,
  OwnRead,
  PersonRead,
  Ticket as TicketView,
  TicketRow,
  Tokens,
  Viewer,
} from "./types.d.ts";

export type { AttachmentShown, Connected, DraftShown, Joined, Notification, OwnInboxRead, OwnRead, PersonRead };
export type { TicketRow, TicketView, TimelineEvent, Tokens, Viewer };
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
  /**
   * Keeps the session's tokens for all tabs, and unsent messages beyond a reload; or a function
   * that gives it, which may throw where it is forbidden.
   */
  storage?: Storage | (() => Storage | undefined);
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
        tokens: Tokens | Pick<Tokens, "access_token" | "refresh_token">;
        onTokens?: (pair: Tokens) => void;
        getToken?: undefined;
      }
    | {
        /**
         * Gives a good access token, such as one of a session that all tabs share by a cookie.
         * `fresh`: the one before was refused. Rejects with a `DeskError` if the session is over.
         */
        getToken: (how: { fresh: boolean }) => string | Promise<string>;
        tokens?: undefined;
      }
  );

export interface SendOptions {
  internal?: boolean;
  clientId?: string;
  /** The newest number that the writer has seen: else refused with `answered_meanwhile`. */
  expectSeq?: number;
  /** Removes the draft of its kind with it. */
  draft?: boolean;
  /** Uploads of your own on the ticket, 10 at most. */
  attachmentIds?: Id[];
  /** Ids of the staff, by the staff: they are told of it. */
  mentions?: Id[];
  /** Milliseconds, 60,000 at most, in which it may still be cancelled. */
  holdFor?: number;
}

export interface Unsent {
  client_id: string;
  content: string;
  internal?: true;
  expect_seq?: number;
  draft?: true;
  attachment_ids?: Id[];
}

export class DeskError extends Error {
  constructor(code: string, detail?: string, more?: { events?: TimelineEvent[]; into?: Id });
  /**
   * The server's stable code, or `invalid`, `closed`, `lost`, `cancelled`, `logged_out` or
   * `other_account`.
   */
  readonly code: string;
  /** Of `answered_meanwhile`: what has happened since, the first of it. */
  readonly events?: TimelineEvent[];
  /** Of `merged`: the ticket that has become of it. A message is sent there by itself. */
  readonly into?: Id;
}

export class DeskClient {
  constructor(options: Options);
  readonly isConnected: boolean;
  ticket(id: Id, options?: { after?: number }): Ticket;
  /** Sends a message, whether anybody looks at its ticket or not. */
  send(ticketId: Id, content: string, options?: SendOptions): Promise<TimelineEvent>;
  /** What has no answer yet, of a ticket or of all, oldest first. */
  unsent(ticketId: Id): Unsent[];
  unsent(): (Unsent & { ticket_id: Id })[];
  /** Takes a message back: what it was, or null if it was sent, or may have been. */
  cancel(ticketId: Id, clientId: string): Unsent | null;
  /** Sends at once what `holdFor` holds back: for a page that goes. */
  hurry(): void;
  /** For staff: of which tickets the connection hears, now and after each reconnect. */
  watch(views: Id[], ticketIds?: Id[]): Promise<void>;
  /** For staff: whether nobody is in front of the page, now and after each reconnect. */
  idle(isIdle?: boolean): Promise<void>;
  /**
   * again: not for the first time; since: until when the server was heard before, in milliseconds
   * of this machine's clock, else null.
   */
  on(
    name: "connected",
    listener: (connected: { again: boolean; since: number | null }) => void,
  ): () => void;
  on(name: "disconnected", listener: (reason: string) => void): () => void;
  /** After each connect: another version than before has other pages, too. */
  on(name: "release", listener: (release: Connected) => void): () => void;
  on(name: "signed_out", listener: (why: { code: string }) => void): () => void;
  on(name: "ticket_changed", listener: (ticket: TicketRow) => void): () => void;
  on(name: "notification", listener: (notification: Notification) => void): () => void;
  on(name: "ticket_read", listener: (read: OwnRead) => void): () => void;
  on(name: "notifications_read", listener: (read: OwnInboxRead) => void): () => void;
  on(name: "draft_changed", listener: (draft: DraftShown) => void): () => void;
  on(name: "attachment_changed", listener: (file: AttachmentShown) => void): () => void;
  on(
    name: "view_counts",
    listener: (counts: Record<string, { count: number; unread: number }>) => void,
  ): () => void;
  on(
    name: "activity",
    listener: (activity: {
      ticket_id: Id;
      viewers: Id[];
      writing: { user_id: Id; internal: boolean }[];
    }) => void,
  ): () => void;
  on(
    name: "idle",
    listener: (idle: { ticket_id: Id; user_ids: Id[] }) => void,
  ): () => void;
  on(
    name: "agents_changed",
    listener: (
      agents: { user_id: Id; available: boolean; open_tickets: number; capacity: number }[],
    ) => void,
  ): () => void;
  /** What `unsent` gives of the ticket is another now. */
  on(name: "unsent", listener: (of: { ticket_id: Id }) => void): () => void;
  on(name: "not_sent", listener: (message: NotSent) => void): () => void;
  /** The storage is full or forbidden: told once, and all goes on without. */
  on(name: "storage_failed", listener: (error: { name: string }) => void): () => void;
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
  internal?: true;
  events?: TimelineEvent[];
}

export class Ticket {
  private constructor();
  readonly id: Id;
  readonly last: number;
  readonly ticket: TicketView | null;
  readonly viewers: Viewer[];
  /** How far people have read it, in the numbers of who asks. */
  readonly reads: ReadonlyMap<Id, number>;
  readonly unsent: Unsent[];
  events(): AsyncIterableIterator<TimelineEvent>;
  send(content: string, options?: SendOptions): Promise<TimelineEvent>;
  typing(active?: boolean, options?: { internal?: boolean }): void;
  markRead(seq?: number): void;
  leave(): void;
  on(name: "event", listener: (event: TimelineEvent) => void): () => void;
  on(name: "live", listener: (joined: Joined) => void): () => void;
  on(name: "refused", listener: (error: DeskError) => void): () => void;
  on(name: "presence", listener: (present: { viewers: Viewer[] }) => void): () => void;
  on(name: "typing", listener: (typing: { user_id: Id; active: boolean }) => void): () => void;
  on(name: "read", listener: (read: { user_id: Id; seq: number }) => void): () => void;
}
