/** Colleagues that are offered while one writes an `@`. */

import { html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { begunName, offeredFor } from "../mentions.js";
import { useOffers } from "./offers.js";

const MOST = 6;

/**
 * @param {{current: HTMLTextAreaElement | null}} field
 * @param {() => void} onPick called once a name stands in the field
 */
export function useMentioning(field, onPick) {
  const { team, me } = useDesk();
  return useOffers(field, {
    label: t("desk.mention"),
    begun: begunName,
    offered: (begun) => offeredFor(begun, team.sorted.value, me.id).slice(0, MOST),
    keyOf: ({ user_id }) => user_id,
    spoken: (count) => t("desk.mention.offered", { count }),
    shown: ({ full_name }) => html`<bdi>${full_name}</bdi>`,
    choose: ({ full_name }, begun) => {
      const end = field.current?.selectionStart ?? 0;
      field.current?.setRangeText(`${full_name} `, end - begun.length, end, "end");
      field.current?.focus();
      onPick();
    },
  });
}
