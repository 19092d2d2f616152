/** The teams: their names, and which of them the person is in. */

import { computed, signal } from "@preact/signals";
import { getAll } from "../shared/api.js";
import { ownTeams } from "./store/own_teams.js";

/** @typedef {import("../../client/types.d.ts").Team} TeamOf */

export class Teams {
  all = signal(/** @type {TeamOf[]} */ ([]));
  byId = computed(() => new Map(this.all.value.map((team) => [team.id, team])));
  mine = computed(() => this.all.value.filter(({ members }) => members.includes(this.#me)));
  #me;

  /** @param {string} me */
  constructor(me) {
    this.#me = me;
  }

  async load() {
    this.all.value = await getAll("/csr/teams");
    ownTeams.value = new Set(this.mine.peek().map(({ id }) => id));
  }

  /**
   * @param {string | null | undefined} id
   * @param {string} none what stands for none
   */
  name(id, none) {
    return id ? (this.byId.value.get(id)?.name ?? id) : none;
  }
}
