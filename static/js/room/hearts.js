import { api } from "../base/api.js";

const COLOURS = ["#ff6b5e", "#ffb347", "#ff8fab", "#f6e7c1"];
const COLLECT_MS = 1500;
const MOST = 20;

/** Hearts: float at once, are sent together a little later. */
export class Hearts {
  constructor({ box, button, counter, sessionId }) {
    this.box = box;
    this.counter = counter;
    this.sessionId = sessionId;
    this.waiting = 0;
    this.shown = 0;
    button.addEventListener("click", () => {
      this.float();
      this.waiting = Math.min(this.waiting + 1, MOST);
      this.timer ??= setTimeout(() => this.#send(), COLLECT_MS);
    });
  }

  show(count) {
    if (count > this.shown && this.shown) for (let i = 0; i < Math.min(count - this.shown, 4); i += 1) this.float();
    this.shown = Math.max(count, this.shown);
    this.counter.textContent = this.shown > 0 ? String(this.shown) : "";
  }

  float() {
    if (this.box.children.length > 24 || document.hidden) return;
    const heart = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    heart.setAttribute("viewBox", "0 0 24 24");
    heart.classList.add("room__float");
    heart.style.setProperty("--drift", `${Math.round(Math.random() * 60 - 30)}px`);
    heart.style.color = COLOURS[Math.floor(Math.random() * COLOURS.length)];
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
    shape.setAttribute("d", "M12 20.5S3.5 15.4 3.5 9.3A4.6 4.6 0 0 1 12 6.9a4.6 4.6 0 0 1 8.5 2.4c0 6.1-8.5 11.2-8.5 11.2z");
    shape.setAttribute("fill", "currentColor");
    heart.append(shape);
    heart.addEventListener("animationend", () => heart.remove());
    this.box.append(heart);
  }

  async #send() {
    const count = this.waiting;
    this.waiting = 0;
    this.timer = undefined;
    try {
      const answer = await api(`/api/v1/live-sessions/${this.sessionId}/likes/`, { method: "POST", body: { count } });
      this.shown = Math.max(this.shown, answer.likes);
      this.counter.textContent = String(this.shown);
    } catch {
      // A lost heart is no reason to disturb anyone.
    }
  }
}
