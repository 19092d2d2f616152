/** Who else reads a ticket and who follows it, and what it is linked with. */

import { html, Icon, useEffect, useId, useRef } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { linkWord, statusWord } from "../sayings.js";

/** @typedef {import("../ticket_people.js").TicketPeople} TicketPeople */
/** @typedef {import("../ticket_people.js").LinkedTicket} LinkedTicket */

const KINDS = /** @type {const} */ (["related", "duplicate", "blocks"]);

/** @param {{opened: import("../opened.js").Opened}} props */
export function People({ opened }) {
  const { people } = opened;
  useEffect(() => void people.load(), [people]);
  const facts = [
    [people.participants.value.length, "desk.copies"],
    [people.followers.value.length, "desk.follow"],
    [people.links.value.length, "desk.links"],
  ].filter(([count]) => count);
  const counted = facts.map(([count, key]) => t(String(key), { count: Number(count) }));
  return html`<details class="people">
    <summary>${[t("desk.people"), ...counted].join(" · ")}</summary>
    <div class="fields">
      <${Copies} people=${people} />
      <${Followers} people=${people} />
      <${Links} people=${people} />
    </div>
  </details>`;
}

/** @param {{people: TicketPeople}} props */
function Copies({ people }) {
  const id = useId();
  return html`<section class="field" aria-labelledby=${id}>
    <h2 id=${id} class="field-name">${t("desk.on_copy")}</h2>
    <ul role="list" class="people-list">
      ${people.participants.value.map(
        (person) => html`<li key=${person.id} class="label">
          <a href=${`/desk/customers/${person.id}`}><bdi>${person.full_name}</bdi></a>
          <${Remove}
            label=${t("desk.on_copy.remove", { name: person.full_name })}
            onClick=${() => people.takeOff(person.id)}
          />
        </li>`,
      )}
    </ul>
    <${Adding}
      type="email"
      label=${t("desk.on_copy.address")}
      word=${t("desk.on_copy.add")}
      onAdd=${(/** @type {string} */ address) => people.add(address)}
    />
  </section>`;
}

/** @param {{people: TicketPeople}} props */
function Followers({ people }) {
  const id = useId();
  return html`<section class="field" aria-labelledby=${id}>
    <h2 id=${id} class="field-name">${t("desk.followers")}</h2>
    <ul role="list" class="people-list">
      ${people.followers.value.map(
        ({ id: one, full_name }) => html`<li key=${one} class="label"><bdi>${full_name}</bdi></li>`,
      )}
    </ul>
    <button
      type="button"
      aria-pressed=${String(people.isFollowing.value)}
      onClick=${() => people.follow()}
    >
      ${t("desk.follow.button")}
    </button>
  </section>`;
}

/** @param {{people: TicketPeople}} props */
function Links({ people }) {
  const id = useId();
  const chosen = useRef(/** @type {HTMLSelectElement | null} */ (null));
  return html`<section class="field" aria-labelledby=${id}>
    <h2 id=${id} class="field-name">${t("desk.linked")}</h2>
    <ul role="list" class="people-list">
      ${people.links.value.map(
        (link) => html`<li key=${`${link.id} ${link.kind}`}>
          ${linkWord(link)}${" "}
          <a href=${`/desk/tickets/${link.number}`}>#${link.number} <bdi>${link.title}</bdi></a>
          ${" "}<span class="muted">${statusWord(link.status)}</span>
          <${Remove}
            label=${t("desk.link.remove", { number: link.number })}
            onClick=${() => people.unlink(link)}
          />
        </li>`,
      )}
    </ul>
    <select ref=${chosen} aria-label=${t("desk.link.kind")}>
      ${KINDS.map((kind) => html`<option key=${kind} value=${kind}>${t(`desk.link.${kind}`)}</option>`)}
    </select>
    <${Adding}
      type="text"
      pattern="#?[1-9][0-9]*"
      label=${t("desk.link.number")}
      word=${t("desk.link.add")}
      onAdd=${(/** @type {string} */ number) =>
        people.link(
          number.replace("#", ""),
          /** @type {(typeof KINDS)[number]} */ (chosen.current?.value ?? "related"),
        )}
    />
  </section>`;
}

/** @param {{label: string, onClick: () => void}} props */
function Remove({ label, onClick }) {
  return html`<button type="button" class="quiet" aria-label=${label} onClick=${onClick}>
    <${Icon} name="close" />
  </button>`;
}

/**
 * A line that is emptied once what it says was done.
 * @param {{type: string, pattern?: string, label: string, word: string, onAdd: (text: string) => Promise<boolean>}} props
 */
function Adding({ type, pattern, label, word, onAdd }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const typed = field.current?.value.trim();
    if (typed && (await onAdd(typed)) && field.current) field.current.value = "";
  };
  return html`<form class="adding" onSubmit=${onSubmit}>
    <input
      ref=${field}
      type=${type}
      pattern=${pattern}
      aria-label=${label}
      placeholder=${label}
      autocomplete="off"
      maxlength="254"
    />
    <button>${word}</button>
  </form>`;
}
