import { api } from "../base/api.js";
import { toast } from "../base/toast.js";
import { Alarm } from "./alarm.js";
import { Awake } from "./awake.js";
import { Buffer } from "./buffer.js";
import { Camera } from "./camera.js";
import { Memory } from "./memory.js";
import { Show } from "./show.js";
import { Uploader } from "./uploader.js";

const FULL_METER_MS = 10_000;
const LOST_AFTER_MS = 3000;

/** The picture of the console: camera, going live, what the connection does, and what the host is told of it. */
export class ConsoleStage {
  /** `one(name)` finds the element `[data-name]`; `session` is shared with the page and kept up to date by it. */
  constructor({ one, words, session, url, data }) {
    Object.assign(this, { one, words, session, url, data });
    this.isLeaving = false;
    this.began = session.started_at ? new Date(session.started_at) : null;
    this.offlineSince = null;
    this.alarm = new Alarm(one("alarm"));
    this.awake = new Awake();
    this.memory = new Memory(session.id);
    this.buffer = new Buffer(session.id);
    this.camera = new Camera(one("preview"), {
      onLost: () => this.#cameraLost(),
      onBack: () => this.alarm.set("camera", ""),
    });
    this.uploader = new Uploader({
      sessionUrl: url,
      buffer: this.buffer,
      memory: this.memory,
      onState: (state) => this.show.heard(state),
      onSent: (sent) => this.show.sent(sent),
      onRefused: (reason) => this.show.refused(reason),
    });
    this.show = new Show({
      session: session.id,
      camera: this.camera,
      uploader: this.uploader,
      memory: this.memory,
      onLink: (link) => this.#link(link),
      onStop: (reason) => this.#stopped(reason),
      onCamera: (isThere) => this.alarm.set("camera", isThere ? "" : words.camera_lost),
    });
    this.#wire();
  }

  get isOnAir() {
    return ["live", "interrupted"].includes(this.session.status);
  }

  /** Opens the camera; after a reload in the middle of the show the picture goes on by itself, as a new take. */
  async open() {
    this.draw();
    if (this.data.is_elsewhere) {
      this.note(this.words.elsewhere);
      for (const name of ["flip", "mute", "meter", "link-text"]) this.one(name).hidden = true;
      return;
    }
    await this.buffer.open();
    // What was left has its place before the take that begins now: on a slow phone the camera may be quicker.
    if (this.isOnAir && this.memory.last) await this.uploader.recover();
    await this.#openCamera();
    if (this.isOnAir && this.camera.stream && this.show.type && (await this.show.resume())) this.awake.keep();
    this.draw();
  }

  note(text) {
    this.one("note").textContent = text;
  }

  draw() {
    const go = this.one("go");
    const isSending = this.show.isOn;
    go.hidden = isSending || this.data.is_elsewhere || this.isReplaced;
    const goOn = this.memory.last ? this.words.go_on : this.words.send_here;
    go.textContent = this.isOnAir ? goOn : this.words.go_live;
    go.disabled = !this.camera.stream || !this.show.type;
    this.one("end-open").hidden = !this.isOnAir;
    const isShown = isSending || (this.data.is_elsewhere && this.isOnAir);
    this.one("air").textContent = isShown ? this.words.on_air : this.words.resting;
    this.one("air").className = `badge ${isShown ? "badge--live" : "badge--dark"}`;
    this.one("clock").hidden = !isSending;
    this.one("viewers").textContent = String(this.session.viewers);
    if (!isSending) {
      this.one("console").dataset.link = "resting";
      this.one("link-text").textContent = this.words.resting;
    }
  }

  /** The room was told a new state; another device may have ended the show. */
  async status(status) {
    this.session.status = status;
    this.alarm.set("room", status === "interrupted" && this.show.isOn ? this.words.picture_lost : "");
    if (status === "ended" && !this.isLeaving) {
      this.isLeaving = true;
      await this.show.end();
      window.location.assign(this.data.show_url);
    }
    this.draw();
  }

  #wire() {
    const { one } = this;
    one("go").addEventListener("click", () => this.#goLive(one("go")));
    one("again").addEventListener("click", () => this.#goLive(one("again")));
    one("end").addEventListener("click", () => this.#end());
    one("flip").addEventListener("click", () => this.#flip());
    one("mute").addEventListener("click", (event) => {
      this.camera.mute(!this.camera.isMuted);
      event.currentTarget.setAttribute("aria-pressed", String(this.camera.isMuted));
    });
    document.addEventListener("visibilitychange", () => (document.hidden ? this.show.flush() : this.#seen()));
    window.addEventListener("pagehide", () => this.show.flush());
    window.addEventListener("beforeunload", (event) => {
      if (this.show.isOn && !this.isLeaving) event.preventDefault();
    });
    setInterval(() => this.#tick(), 1000);
  }

  async #openCamera() {
    this.note(this.words.asking);
    try {
      await this.camera.open();
      this.note(this.show.type ? "" : this.words.no_recorder);
    } catch (error) {
      this.note(error.name === "Insecure" ? this.words.insecure : this.words.no_camera);
    }
    this.draw();
  }

  async #goLive(button) {
    button.setAttribute("aria-busy", "true");
    try {
      if (!this.camera.isWhole) await this.#openCamera();
      if (this.session.status === "draft") await api(`${this.url}schedule/`, { method: "POST" });
      const answer = await api(`${this.url}start/`, { method: "POST" });
      this.session.status = answer.status;
      this.began = new Date(answer.started_at);
      await this.show.begin();
      this.#replaced(false);
      this.awake.keep();
    } catch (error) {
      toast(error.message, "error");
    } finally {
      button.removeAttribute("aria-busy");
      this.draw();
    }
  }

  async #end() {
    const button = this.one("end");
    button.setAttribute("aria-busy", "true");
    this.one("link-text").textContent = this.words.ending;
    await this.show.end();
    this.awake.let();
    try {
      await api(`${this.url}end/`, { method: "POST" });
      this.isLeaving = true;
      window.location.assign(this.data.show_url);
    } catch (error) {
      toast(error.message, "error");
      button.removeAttribute("aria-busy");
      this.draw();
    }
  }

  async #flip() {
    try {
      if (this.show.isOn) await this.show.change(() => this.camera.flip());
      else await this.camera.flip();
    } catch {
      this.note(this.words.no_camera);
    }
  }

  async #seen() {
    this.show.wake();
    if (!this.show.isOn && !this.data.is_elsewhere && this.camera.stream && this.camera.isGone) await this.#openCamera();
  }

  // While a call lasts there is nothing to open; the show asks for the camera again by itself.
  #cameraLost() {
    if (!this.show.isOn) return;
    this.alarm.set("camera", this.words.camera_lost);
    if (this.camera.isGone) this.show.wake();
  }

  #link({ quality, waitingMs, code, level }) {
    const { one, words } = this;
    one("console").dataset.link = quality;
    one("console").dataset.level = level;
    one("meter").value = Math.min(waitingMs / FULL_METER_MS, 1) * 10;
    one("meter").classList.toggle("meter--hot", quality !== "good");
    const waiting = Math.round(waitingMs / 1000);
    const text = { good: words.good, weak: words.weak, offline: words.offline }[quality].replace("{count}", waiting);
    one("link-text").textContent =
      code === "disk_full" ? words.disk_full : quality === "good" && level > 0 ? words.saving_data : text;
    if (quality !== "offline") this.offlineSince = null;
    else this.offlineSince ??= performance.now();
    if (quality !== "offline") this.alarm.set("link", "");
  }

  #stopped(reason) {
    this.awake.let();
    for (const cause of ["link", "room", "camera"]) this.alarm.set(cause, "");
    if (reason === "replaced") this.#replaced(true);
    else if (reason === "ended") this.status("ended");
    else this.alarm.set("stopped", this.words[`stopped_${reason}`] ?? this.words.stopped);
    this.draw();
  }

  #replaced(isReplaced) {
    this.isReplaced = isReplaced;
    this.one("again").hidden = !isReplaced;
    this.alarm.set("stopped", isReplaced ? this.words.replaced : "");
    this.draw();
  }

  #tick() {
    if (!this.show.isOn) return;
    if (this.offlineSince && performance.now() - this.offlineSince > LOST_AFTER_MS) {
      this.alarm.set("link", this.words.link_lost);
    }
    if (!this.began) return;
    const seconds = Math.max(Math.floor((Date.now() - this.began) / 1000), 0);
    this.one("clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}
