import { api } from "../base/api.js";
import { toast } from "../base/toast.js";

const EVERY_MS = 3000;
const SILENCED_EVERY = 5;

function button(text, className, onClick) {
  const found = document.createElement("button");
  found.type = "button";
  found.className = `btn ${className}`;
  found.textContent = text;
  found.addEventListener("click", async () => {
    found.setAttribute("aria-busy", "true");
    try {
      await onClick();
    } catch (error) {
      toast(error.message, "error");
    } finally {
      found.removeAttribute("aria-busy");
    }
  });
  return found;
}

function textIn(name, className, text) {
  const found = document.createElement(name);
  found.className = className;
  found.textContent = text;
  return found;
}

/**
 * Lines that wait for a moderator, and people who may not speak. Both are asked for, not streamed: the
 * room's stream is public. While the page is hidden nothing is asked.
 */
export class Waiting {
  constructor({ root, words, sessionUrl, held, silenced }) {
    const one = (name) => root.querySelector(`[data-${name}]`);
    this.part = { held: one("held"), list: one("held-list"), count: one("held-count") };
    Object.assign(this.part, { silenced: one("silenced"), people: one("silenced-list") });
    Object.assign(this, { words, sessionUrl, turn: 0, shown: "" });
    this.#drawHeld(held);
    this.#drawSilenced(silenced);
    setInterval(() => document.hidden || this.#ask(), EVERY_MS);
  }

  /** Asks for both at once. */
  refresh() {
    this.turn = 0;
    return this.#ask();
  }

  async #ask() {
    try {
      const isTurn = this.turn++ % SILENCED_EVERY === 0;
      const [held, silenced] = await Promise.all([
        api(`${this.sessionUrl}messages/?status=held`),
        isTurn && this.part.silenced ? api(`${this.sessionUrl}mutes/`) : null,
      ]);
      this.#drawHeld(held.results);
      if (silenced) this.#drawSilenced(silenced);
    } catch (error) {
      // Who no longer helps has no page here; anything else: the next turn asks again.
      if (error.status === 404) window.location.reload();
    }
  }

  #drawHeld(lines) {
    const shown = lines.map((line) => line.id).join();
    this.part.held.hidden = !lines.length;
    this.part.count.textContent = String(lines.length);
    if (shown === this.shown) return;
    this.shown = shown;
    // The oldest first: it waits longest.
    this.part.list.replaceChildren(...[...lines].reverse().map((line) => this.#heldItem(line)));
  }

  #heldItem(line) {
    const item = document.createElement("li");
    item.className = "held__item card";
    item.dataset.held = line.id;
    const who = textIn("p", "small", "");
    who.append(textIn("bdi", "strong", line.author ?? ""), " · ", this.words[`held_${line.held_reason}`] ?? "");
    const text = document.createElement("p");
    text.append(textIn("bdi", "", line.text));
    const row = textIn("div", "held__do", "");
    const decide = (move) => async () => {
      await api(`/api/v1/messages/${line.id}/${move}/`, { method: "POST", body: {} });
      item.remove();
      toast(move === "show" ? this.words.shown : this.words.hidden, "success");
      await this.refresh();
    };
    row.append(
      button(this.words.hide, "btn--soft", decide("hide")),
      button(this.words.show, "btn--main", decide("show")),
    );
    item.append(who, text, row);
    return item;
  }

  #drawSilenced(people) {
    if (!this.part.silenced) return;
    this.part.silenced.hidden = !people.length;
    this.part.people.replaceChildren(...people.map((one) => this.#person(one)));
  }

  #person(one) {
    const item = textIn("li", "list-row", "");
    const body = textIn("div", "list-row__body", "");
    const until = one.until ? new Date(one.until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) : "";
    const holds = one.kind === "ban" ? this.words.ban : until ? this.words.mute.replace("{until}", until) : this.words.mute_show;
    body.append(textIn("p", "list-row__title", one.name), textIn("p", "list-row__sub", [holds, one.reason].filter(Boolean).join(" · ")));
    const end = one.kind === "ban" ? "unban" : "unmute";
    const lift = async () => {
      await api(`${this.sessionUrl}mutes/`, { method: "POST", body: { person: one.person, kind: end } });
      toast(this.words.lifted, "success");
      await this.refresh();
    };
    item.append(body, button(this.words.let, "btn--soft", lift));
    return item;
  }
}

/** The host's kept lines as chips: one tap sends. */
export function fillQuickReplies(box, replies, chat) {
  box.hidden = !replies.length;
  box.replaceChildren(
    ...replies.map((reply) => {
      const chip = button(reply.text, "chip", () => chat.say(reply.text));
      chip.className = "chip";
      chip.dataset.reply = reply.id;
      return chip;
    }),
  );
}
