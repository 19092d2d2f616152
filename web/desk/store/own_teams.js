/** The ids of the teams that the person is in, as far as is known: what `team=mine` asks for. */

import { signal } from "@preact/signals-core";

export const ownTeams = signal(/** @type {Set<string>} */ (new Set()));
