/** The staff: who takes tickets, and how many they have. */

import { computed, signal } from "@preact/signals";
import { getAll, put } from "../shared/api.js";

/** @typedef {import("./types.js").Agent} Agent */

export class Team {
  /** By id. */
  agents = signal(/** @type {Record<string, Agent>} */ ({}));
  sorted = computed(() =>
    Object.values(this.agents.value).sort((a, b) => a.full_name.localeCompare(b.full_name)),
  );
  #me;
  #people;

  /**
   * @param {string} me
   * @param {import("./people.js").People} people
   */
  constructor(me, people) {
    this.#me = me;
    this.#people = people;
  }

  get me() {
    return this.agents.value[this.#me];
  }

  async load() {
    /** @type {Agent[]} */
    const all = await getAll("/csr/agents");
    this.agents.value = Object.fromEntries(all.map((agent) => [agent.user_id, agent]));
    this.#people.learn(all.map(({ user_id: id, full_name, role }) => ({ id, full_name, role })));
  }

  /** @param {Partial<Agent>[]} changed */
  changed(changed) {
    const agents = { ...this.agents.peek() };
    let isKnown = true;
    for (const change of changed) {
      const id = change.user_id ?? "";
      const before = agents[id];
      if (before) agents[id] = { ...before, ...change };
      else isKnown = false;
    }
    this.agents.value = agents;
    if (!isKnown) this.load().catch(() => {});
  }

  /** @param {boolean} available */
  async setAvailable(available) {
    const { data } = await put("/csr/me/availability", { available });
    this.changed([data]);
  }
}
