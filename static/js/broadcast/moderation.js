import { api } from "../base/api.js";
import { toast } from "../base/toast.js";
import { lineText } from "../room/lines.js";

/** What can be done about a line of the chat: hide it, mute or ban who wrote it, make them a helper. */
export class Moderation {
  constructor({ dialog, words, sessionUrl, isPresenter = false, onDone = () => {} }) {
    Object.assign(this, { dialog, words, sessionUrl, onDone });
    dialog.querySelector("[data-do=appoint]").hidden = !isPresenter;
    dialog.querySelectorAll("[data-do]").forEach((button) => {
      button.addEventListener("click", () => this.#act(button));
    });
  }

  /** Asks what to do about a line of that chat. */
  open(line, chat) {
    Object.assign(this, { line, chat });
    const who = line.author ?? this.words.system;
    this.dialog.querySelector("[data-line]").textContent = `${who}: ${lineText(line, this.words)}`;
    this.dialog.querySelector("[data-person]").hidden = !line.author;
    this.dialog.querySelector("[data-reason]").value = "";
    if (!this.dialog.open) this.dialog.showModal();
  }

  async #act(button) {
    const what = button.dataset.do;
    button.setAttribute("aria-busy", "true");
    try {
      toast(await this.#do(what, Number(button.dataset.minutes) || null), "success");
      this.dialog.close();
    } catch (error) {
      toast(error.message, "error");
    } finally {
      button.removeAttribute("aria-busy");
      this.onDone();
    }
  }

  async #do(what, minutes) {
    const reason = this.dialog.querySelector("[data-reason]").value;
    const message = this.line.id;
    if (what === "appoint") {
      await api(`${this.sessionUrl}moderators/`, { method: "POST", body: { message } });
      return this.words.appointed;
    }
    if (what !== "hide") {
      await api(`${this.sessionUrl}mutes/`, { method: "POST", body: { message, kind: what, minutes, reason } });
      if (what === "mute") return this.words.muted;
    }
    await api(`/api/v1/messages/${message}/hide/`, { method: "POST", body: { reason } });
    this.chat.add({ id: message, is_hidden: true });
    return what === "ban" ? this.words.banned : this.words.hidden;
  }
}
