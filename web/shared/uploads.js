// @ts-check
/** Files on their way to a ticket, before the message that they go with. */
import { newKey } from "./keys.js";
import { signal } from "./ui.js";

/** @typedef {import("../../client/types.d.ts").AttachmentInfo} Info */
/**
 * @typedef {object} Upload
 * @property {string} key
 * @property {string} name
 * @property {number} size
 * @property {number} sent from 0 to 1
 * @property {string} code why it failed
 * @property {Info | null} info what the server knows of it, once it is there
 */

/** Of one message. */
export const MOST = 10;

export class Uploads {
  /** @type {import("@preact/signals").Signal<Upload[]>} */
  files = signal([]);
  /** @type {Map<string, XMLHttpRequest>} */
  #requests = new Map();
  #ticketId;
  #accessToken;

  /**
   * @param {string} ticketId
   * @param {() => Promise<string>} accessToken
   */
  constructor(ticketId, accessToken) {
    this.#ticketId = ticketId;
    this.#accessToken = accessToken;
  }

  /** Whether some are not there yet, or failed: a message would go without them. */
  get isBusy() {
    return this.files.value.some(({ info }) => !info);
  }

  /** Begins to send them; what is more than a message may have is left. @param {Iterable<File>} files */
  add(files) {
    for (const file of files) {
      if (this.files.peek().length >= MOST) return;
      const key = newKey();
      const { name, size } = file;
      this.files.value = [...this.files.peek(), { key, name, size, sent: 0, code: "", info: null }];
      this.#send(key, file);
    }
  }

  /** @param {string} key */
  remove(key) {
    const gone = this.files.peek().find((file) => file.key === key);
    this.files.value = this.files.peek().filter((file) => file.key !== key);
    this.#requests.get(key)?.abort();
    if (gone?.info) this.#discard(gone.info.id);
  }

  /** Those that are there, which are a message's now. */
  take() {
    const taken = this.files.peek().flatMap(({ info }) => info ?? []);
    this.files.value = [];
    return taken;
  }

  /** They are no message's after all. @param {Info[]} files */
  putBack(files) {
    const back = files.map((info) => ({
      key: newKey(),
      name: info.name,
      size: info.size,
      sent: 1,
      code: "",
      info,
    }));
    this.files.value = [...back, ...this.files.peek()];
  }

  /**
   * @param {string} key
   * @param {File} file
   */
  async #send(key, file) {
    // `fetch` tells nothing of how far it is.
    const request = new XMLHttpRequest();
    this.#requests.set(key, request);
    request.upload.onprogress = ({ loaded, total }) =>
      this.#change(key, { sent: total ? loaded / total : 0 });
    request.onerror = () => this.#change(key, { code: "offline" });
    request.onload = () => this.#change(key, outcome(request));
    request.onloadend = () => this.#requests.delete(key);
    try {
      const token = await this.#accessToken();
      if (!this.files.peek().some((one) => one.key === key)) return; // Taken back already.
      request.open("POST", `/api/v1/tickets/${this.#ticketId}/attachments`);
      request.setRequestHeader("Authorization", `Bearer ${token}`);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("Content-Disposition", named(file.name));
      request.send(file);
    } catch {
      this.#change(key, { code: "offline" });
    }
  }

  /** What is left is deleted some time: nobody waits for that. @param {string} id */
  async #discard(id) {
    const headers = { Authorization: `Bearer ${await this.#accessToken()}` };
    await fetch(`/api/v1/attachments/${id}`, { method: "DELETE", headers }).catch(() => {});
  }

  /**
   * @param {string} key
   * @param {Partial<Upload>} change
   */
  #change(key, change) {
    this.files.value = this.files
      .peek()
      .map((file) => (file.key === key ? { ...file, ...change } : file));
  }
}

/** @param {XMLHttpRequest} request */
function outcome({ status, responseText }) {
  try {
    const answer = JSON.parse(responseText);
    return status === 201 ? { info: answer, sent: 1 } : { code: answer.code ?? "unknown" };
  } catch {
    return { code: "unknown" }; // What a proxy says.
  }
}

/** As RFC 8187 has it. @param {string} name */
function named(name) {
  const whole = name.replace(/[\ud800-\udfff]/gu, "_");
  const encoded = encodeURIComponent(whole).replace(
    /['()*!]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename*=UTF-8''${encoded}`;
}

/** What a message says that has files alone. @param {Info[]} files */
export const namesOf = (files) => files.map(({ name }) => name).join(", ");
