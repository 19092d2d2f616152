/**
 * What a person began to write: per ticket, a reply and a note. Kept in this browser with each key,
 * and on the server soon after, for other devices.
 */

import { signal } from "@preact/signals-core";
import { KeptDrafts, named, parsed } from "./kept_drafts.js";

/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {import("../../client/index.d.ts").Storage} Storage */
/** @typedef {import("./kept_drafts.js").Draft} Draft */
/** @typedef {import("../../client/types.d.ts").Draft} Stored */
/**
 * @typedef {object} Server
 * @property {(ticketId: string, draft: {kind: Kind, content: string, base_seq: number}, version: number) => Promise<{version: number}>} put
 *   rejects with what has `current` if another device wrote meanwhile
 * @property {(ticketId: string, kind: Kind) => Promise<unknown>} remove
 * @property {(ticketId: string) => Promise<Stored[]>} get
 * @property {() => Promise<Stored[]>} all
 */

const PAUSE = 1000;

export class Drafts {
  /** Texts of another device that differ from the one here, by ticket and kind. */
  conflicts = signal(/** @type {Record<string, Stored>} */ ({}));
  /** How often a text was replaced by another device's, by ticket and kind. */
  replaced = signal(/** @type {Record<string, number>} */ ({}));

  /** @type {Map<string, ReturnType<typeof setTimeout>>} */ #timers = new Map();
  /** @type {Map<string, Promise<void>>} */ #saving = new Map();
  #drafts;
  #server;

  /**
   * @param {Storage} storage
   * @param {string} person
   * @param {Server} server
   */
  constructor(storage, person, server) {
    this.#drafts = new KeptDrafts(storage, person);
    this.#server = server;
  }

  /** The tickets that have one. */
  get tickets() {
    return this.#drafts.tickets;
  }

  /**
   * @param {string} ticketId
   * @param {Kind} kind
   */
  get(ticketId, kind) {
    return this.#drafts.get(named(ticketId, kind));
  }

  /**
   * With each key. An empty text is no draft.
   * @param {string} ticketId
   * @param {Kind} kind
   * @param {string} content
   * @param {number} base counts if the draft begins here
   */
  write(ticketId, kind, content, base) {
    const name = named(ticketId, kind);
    const before = this.#drafts.get(name);
    if (!content && !before) return;
    this.#drafts.keep(name, {
      content,
      base: before?.content ? before.base : base,
      version: before?.version ?? 0,
      isSaved: false,
    });
    this.#saveLater(name);
  }

  /**
   * Another text in the place of what is written, such as a message that was taken back.
   * @param {string} ticketId
   * @param {Kind} kind
   * @param {string} content
   * @param {number} base
   */
  replace(ticketId, kind, content, base) {
    const name = named(ticketId, kind);
    const version = this.#drafts.get(name)?.version ?? 0;
    this.#replace(name, { content, base, version, isSaved: false });
    this.#saveLater(name);
  }

  /**
   * What was said since is seen: the draft goes on from there.
   * @param {string} ticketId
   * @param {Kind} kind
   * @param {number} base
   */
  rebase(ticketId, kind, base) {
    const name = named(ticketId, kind);
    const draft = this.#drafts.get(name);
    if (draft) this.#drafts.keep(name, { ...draft, base });
  }

  /**
   * The message is under way and takes the server's draft along.
   * @param {string} ticketId
   * @param {Kind} kind
   */
  posted(ticketId, kind) {
    const name = named(ticketId, kind);
    clearTimeout(this.#timers.get(name));
    this.#forget(name);
    // A copy that is on its way just now would come back after the message.
    this.#saving.get(name)?.then(() => {
      if (!this.#drafts.has(name)) this.#server.remove(ticketId, kind).catch(() => {});
    });
  }

  /**
   * Looks what other devices have left, as when a ticket is opened.
   * @param {string} ticketId
   */
  async fetch(ticketId) {
    const stored = await this.#server.get(ticketId).catch(() => null);
    if (!stored) return;
    for (const kind of /** @type {Kind[]} */ (["reply", "note"])) {
      this.#compare(
        ticketId,
        kind,
        stored.find((draft) => draft.kind === kind),
      );
    }
  }

  /** All that the server has, so that the list shows where there are drafts. */
  async load() {
    for (const stored of await this.#server.all()) {
      this.#compare(stored.ticket_id, stored.kind, stored);
    }
  }

  /**
   * One of the person's devices, perhaps this one, has changed a draft.
   * @param {{ticket_id: string, kind: Kind, version: number}} changed
   */
  async hear({ ticket_id, kind, version }) {
    const name = named(ticket_id, kind);
    await this.#saving.get(name);
    if ((this.#drafts.get(name)?.version ?? 0) !== version) await this.fetch(ticket_id);
  }

  /**
   * The person's choice between two texts.
   * @param {string} ticketId
   * @param {Kind} kind
   * @param {"mine" | "theirs"} which
   */
  choose(ticketId, kind, which) {
    const name = named(ticketId, kind);
    const { [name]: theirs, ...others } = this.conflicts.peek();
    this.conflicts.value = others;
    const mine = this.#drafts.get(name);
    if (!theirs) return;
    if (which === "theirs" || !mine) this.#take(name, theirs);
    else {
      this.#drafts.keep(name, { ...mine, version: theirs.version, isSaved: false });
      this.#saveLater(name, 0);
    }
  }

  /** Tells the server all it does not know yet; what it has is not left in this browser. */
  async leave() {
    for (const [name, draft] of this.#drafts.all()) if (!draft.isSaved) this.#saveLater(name, 0);
    for (const [name, timer] of this.#timers) {
      clearTimeout(timer);
      await this.#save(name).catch(() => {});
    }
    this.#drafts.leave();
  }

  /**
   * @param {string} ticketId
   * @param {Kind} kind
   * @param {Stored | undefined} stored
   */
  #compare(ticketId, kind, stored) {
    const name = named(ticketId, kind);
    const mine = this.#drafts.get(name);
    if (!stored) {
      // It was sent or thrown away elsewhere; what was written here since stays.
      if (mine?.isSaved) this.#replace(name, null);
      else if (mine) this.#drafts.keep(name, { ...mine, version: 0 });
    } else if (!mine || (mine.isSaved && mine.version !== stored.version)) this.#take(name, stored);
    else if (mine.content === stored.content) this.#take(name, stored, false);
    else if (mine.version !== stored.version) this.#conflict(name, stored);
  }

  /**
   * @param {string} name
   * @param {Stored} stored
   */
  #conflict(name, stored) {
    this.conflicts.value = { ...this.conflicts.peek(), [name]: stored };
  }

  /**
   * @param {string} name
   * @param {Stored} stored
   * @param {boolean} [isOther] whether it is another text than the one here
   */
  #take(name, { content, base_seq: base, version }, isOther = true) {
    const draft = { content, base, version, isSaved: true };
    if (isOther) this.#replace(name, draft);
    else this.#drafts.keep(name, draft);
  }

  /**
   * @param {string} name
   * @param {Draft | null} draft
   */
  #replace(name, draft) {
    if (draft) this.#drafts.keep(name, draft);
    else this.#forget(name);
    const replaced = this.replaced.peek();
    this.replaced.value = { ...replaced, [name]: (replaced[name] ?? 0) + 1 };
  }

  /** @param {string} name */
  #forget(name) {
    this.#timers.delete(name);
    this.#drafts.forget(name);
  }

  /**
   * @param {string} name
   * @param {number} [pause]
   */
  #saveLater(name, pause = PAUSE) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(
      name,
      setTimeout(() => this.#save(name), pause),
    );
  }

  /** @param {string} name */
  async #save(name) {
    this.#timers.delete(name);
    await this.#saving.get(name);
    const draft = this.#drafts.get(name);
    if (!draft || this.conflicts.peek()[name]) return;
    const saving = this.#send(name, draft);
    this.#saving.set(name, saving);
    await saving;
    if (this.#saving.get(name) === saving) this.#saving.delete(name);
  }

  /**
   * @param {string} name
   * @param {Draft} draft
   */
  async #send(name, draft) {
    const { ticketId, kind } = parsed(name);
    const { content, base, version } = draft;
    try {
      if (content) {
        const stored = await this.#server.put(ticketId, { kind, content, base_seq: base }, version);
        const now = this.#drafts.get(name);
        if (now) {
          this.#drafts.keep(name, {
            ...now,
            version: stored.version,
            isSaved: now.content === content,
          });
        }
      } else {
        if (version) await this.#server.remove(ticketId, kind);
        if (this.#drafts.get(name)?.content === "") this.#forget(name);
      }
    } catch (error) {
      this.#refused(name, error);
    }
  }

  /**
   * Another device has written or sent it. Anything else passes: the text is kept here, and saved
   * with the next key or visit.
   * @param {string} name
   * @param {unknown} error
   */
  #refused(name, error) {
    const { code, body } = /** @type {{code?: string, body?: {current?: Stored | null}}} */ (error);
    const mine = this.#drafts.get(name);
    if (code !== "draft_changed" || !mine) return;
    if (body?.current) this.#conflict(name, body.current);
    else {
      this.#drafts.keep(name, { ...mine, version: 0 });
      this.#saveLater(name, 0);
    }
  }
}

export { named };
