import { api } from "../base/api.js";
import { toast } from "../base/toast.js";

/** What can be done about a line of the chat: hide it, mute or ban who wrote it. */
export class Moderation {
  constructor({ dialog, words, sessionUrl }) {
    Object.assign(this, { dialog, words, sessionUrl });
    dialog.querySelectorAll("[data-do]").forEach((button) => {
      button.addEventListener("click", () => this.#act(button.dataset.do));
    });
  }

  /** Asks what to do about a line of that chat. */
  open(line, chat) {
    Object.assign(this, { line, chat });
    this.dialog.querySelector("[data-line]").textContent = `${line.author}: ${line.text}`;
    this.dialog.showModal();
  }

  async #act(what) {
    try {
      if (what === "hide") {
        await api(`/api/v1/messages/${this.line.id}/hide/`, { method: "POST", body: {} });
        this.chat.add({ id: this.line.id, is_hidden: true });
        toast(this.words.hidden, "success");
      } else {
        const body = { message: this.line.id, kind: what, minutes: what === "mute" ? 30 : null };
        await api(`${this.sessionUrl}mutes/`, { method: "POST", body });
        toast(what === "mute" ? this.words.muted : this.words.banned, "success");
      }
      this.dialog.close();
    } catch (error) {
      toast(error.message, "error");
    }
  }
}
