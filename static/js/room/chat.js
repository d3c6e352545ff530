import { api } from "../base/api.js";
import { toast } from "../base/toast.js";

const KEPT = 120;

/** The chat's lines; text is always set as text, never as markup. */
export class Chat {
  constructor({ list, words, sessionId, onPick }) {
    this.list = list;
    this.words = words;
    this.sessionId = sessionId;
    this.onPick = onPick;
  }

  /** Replaces everything by these lines. */
  fill(lines) {
    this.list.replaceChildren();
    lines.forEach((line) => this.add(line));
  }

  /** Adds a line once; a hidden one is taken away. */
  add(line) {
    const known = this.list.querySelector(`[data-message="${Number(line.id)}"]`);
    if (line.is_hidden) {
      known?.remove();
      return;
    }
    if (known) return;
    const isAtEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
    const item = document.createElement("li");
    item.className = `chat__line${line.author ? "" : " chat__line--market"}${line.is_host ? " chat__line--host" : ""}`;
    item.dataset.message = line.id;
    if (line.author) {
      const who = document.createElement(this.onPick ? "button" : "span");
      who.className = "chat__who";
      who.textContent = line.is_host ? `${line.author} · ${this.words.host}` : line.author;
      if (this.onPick) {
        who.type = "button";
        who.addEventListener("click", () => this.onPick(line));
      }
      item.append(who, " ");
    }
    const text = document.createElement("span");
    text.textContent = line.text;
    item.append(text);
    this.list.append(item);
    while (this.list.children.length > KEPT) this.list.firstElementChild.remove();
    if (isAtEnd) this.list.scrollTop = this.list.scrollHeight;
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
        this.add(await api(`/api/v1/live-sessions/${this.sessionId}/messages/`, { method: "POST", body: { text } }));
        input.value = "";
        this.list.scrollTop = this.list.scrollHeight;
      } catch (error) {
        toast(error.fields?.text?.toString() || error.message, "error");
      } finally {
        delete form.dataset.busy;
      }
    });
  }
}
