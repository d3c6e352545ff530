import { api } from "../base/api.js";
import { toast } from "../base/toast.js";
import { lineText } from "./lines.js";

const KEPT = 120;
const HOLD_MS = 550;

/** The chat's lines; text is always set as text, never as markup. */
export class Chat {
  constructor({ list, words, sessionId, onPick, slowSeconds = 0 }) {
    Object.assign(this, { list, words, sessionId, onPick, slowSeconds });
  }

  /** Replaces everything by these lines. */
  fill(lines) {
    this.list.replaceChildren();
    lines.forEach((line) => this.add(line));
    this.list.scrollTop = this.list.scrollHeight;
  }

  /** Adds a line, or replaces the one of the same number; a hidden one is taken away. */
  add(line) {
    const known = this.list.querySelector(`[data-message="${Number(line.id)}"]`);
    if (line.is_hidden) {
      known?.remove();
      return;
    }
    if (line.kind === "notice" && String(line.params.event).startsWith("slow")) this.#setPace(line.params.seconds);
    const isAtEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
    const item = this.#item(line);
    if (known) known.replaceWith(item);
    else this.list.append(item);
    while (this.list.children.length > KEPT) this.list.firstElementChild.remove();
    if (isAtEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  // Nobody waits on for a pace that has been taken back.
  #setPace(seconds) {
    this.slowSeconds = seconds ?? 0;
    if (this.slowSeconds) return;
    this.restUntil = 0;
    this.tick?.();
  }

  #item(line) {
    const item = document.createElement("li");
    const isHeld = line.status === "held";
    const kinds = [!line.author && "market", line.kind === "gift" && "gift", line.is_host && "host", isHeld && "held"].filter(Boolean);
    item.className = ["chat__line", ...kinds.map((kind) => `chat__line--${kind}`)].join(" ");
    item.dataset.message = line.id;
    if (line.author) item.append(this.#who(line), " ");
    // Text that runs from right to left must not carry the name or the next line with it.
    const text = document.createElement("bdi");
    text.textContent = lineText(line, this.words);
    item.append(text);
    if (isHeld) {
      const note = document.createElement("span");
      note.className = "chat__note tiny";
      note.textContent = this.words.waiting;
      item.append(" ", note);
    }
    if (this.onPick) this.#pickable(item, line);
    return item;
  }

  #who(line) {
    const who = document.createElement("bdi");
    who.className = "chat__who";
    who.textContent = line.is_host ? `${line.author} · ${this.words.host}` : line.author;
    return who;
  }

  // Moderators press long, or tap "…"; the button is what a keyboard reaches.
  #pickable(item, line) {
    item.classList.add("chat__line--pick");
    const more = document.createElement("button");
    more.type = "button";
    more.className = "chat__more";
    more.textContent = "…";
    more.setAttribute("aria-label", `${this.words.moderate}: ${line.author ?? this.words.system}`);
    more.addEventListener("click", () => this.onPick(line));
    item.append(more);
    let timer = null;
    const stop = () => clearTimeout(timer);
    item.addEventListener("pointerdown", () => (timer = setTimeout(() => this.onPick(line), HOLD_MS)));
    for (const name of ["pointerup", "pointerleave", "pointercancel"]) item.addEventListener(name, stop);
    item.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** Says something, and shows it; throws ApiError. */
  async say(text) {
    this.add(await api(`/api/v1/live-sessions/${this.sessionId}/messages/`, { method: "POST", body: { text } }));
    this.list.scrollTop = this.list.scrollHeight;
  }

  /** Sends what the form holds; the text stays in the field when it could not be sent. */
  wire(form) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const input = form.elements.text;
      const text = input.value.trim();
      if (!text || form.dataset.busy) return;
      form.dataset.busy = "1";
      try {
        await this.say(text);
        input.value = "";
        if (this.slowSeconds && !this.onPick) this.#rest(form, this.slowSeconds);
      } catch (error) {
        toast(error.fields?.text?.toString() || error.message, "error");
        if (error.code === "slow_chat") this.#rest(form, error.retryAfter ?? this.slowSeconds);
      } finally {
        delete form.dataset.busy;
      }
    });
  }

  // In slow mode the field says when the next line may be sent; what is typed meanwhile stays.
  #rest(form, seconds) {
    const input = form.elements.text;
    const button = form.querySelector("[type=submit]");
    this.usual ??= input.placeholder;
    this.restUntil = Date.now() + seconds * 1000;
    clearInterval(this.resting);
    this.tick = () => {
      const left = Math.ceil((this.restUntil - Date.now()) / 1000);
      button.disabled = left > 0;
      input.placeholder = left > 0 ? this.words.wait_seconds.replace("{seconds}", left) : this.usual;
      if (left <= 0) clearInterval(this.resting);
    };
    this.resting = setInterval(this.tick, 500);
    this.tick();
  }
}
