/** The teams: their names, and which of them the person is in. */

import { computed, signal } from "@preact/signals";
import { get } from "../shared/api.js";
import { ownTeams } from "./store/own_teams.js";

/** @typedef {import("../../client/types.d.ts").Team} TeamOf */

const MOST = 100;

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
    let page = await get("/csr/teams", { limit: MOST });
    const all = [...page.data];
    while (page.next) {
      page = await get(page.next);
      all.push(...page.data);
    }
    this.all.value = all;
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
