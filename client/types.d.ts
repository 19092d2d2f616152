// The server's shapes, as far as the client touches them.

export type Id = string;

export interface TimelineEvent {
  ticket_id: Id;
  seq: number;
  kind:
    | "ticket_created"
    | "message_posted"
    | "note_posted"
    | "status_changed"
    | "assigned"
    | "priority_changed"
    | "tags_changed"
    | "category_changed";
  actor_id: Id | null;
  at: string;
  data: Record<string, unknown>;
}

export interface TicketView {
  id: Id;
  number: number;
  title: string;
  status: "open" | "in_progress" | "resolved" | "closed";
  seq: number;
  unread: number;
  [field: string]: unknown;
}

export interface Viewer {
  user_id: Id;
  full_name: string;
  role: "user" | "csr" | "admin";
}

export interface Notification {
  id: Id;
  kind: string;
  ticket_id: Id;
  actor_id: Id | null;
  data: Record<string, unknown>;
  created_at: string;
  read_at: string | null;
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  token_type: "bearer";
  expires_in: number;
}
