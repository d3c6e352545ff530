import { OnePage } from "./memory.js";
import { Pace } from "./pace.js";
import { LEVELS, RATES, Recording, recordedTypes } from "./recorder.js";

const WEAK_MS = 3500;
const SILENT_MS = 6000;
const CAMERA_AGAIN_MS = 2000;
const LAST_WORDS_MS = 10_000;
const LOOK_MS = 500;
const RESTARTS_MS = 60_000;
const MOST_RESTARTS = 4;

const OVER = ["ended", "not_on_air", "session_over"];
const TAKEN = ["replaced", "taken_over"];
const OTHER_TYPE = ["unreadable", "unsupported_media_type"];
const ANEW = ["stopped", "gap", "too_large", "not_found"];

function now() {
  return performance.now();
}

/**
 * The picture of a show: takes one after the other. A camera flip, another size of picture, a lost camera
 * begin a new take; everything recorded before is sent first.
 *
 * `onLink({quality, waitingMs, code, level})`: good, weak or offline. `onStop(reason)`: replaced, ended,
 * unreadable, or the server's code; then nothing is sent until `begin`. `onCamera(isThere)`.
 */
export class Show {
  constructor({ session, camera, uploader, memory, onLink, onStop, onCamera }) {
    Object.assign(this, { camera, uploader, memory, onLink, onStop, onCamera });
    this.page = new OnePage(session, () => this.#stop("replaced"));
    this.types = recordedTypes();
    this.level = 0;
    this.isOn = false;
    this.isChanging = false;
    this.restarts = [];
    this.link = { waitingMs: 0, isOffline: false, code: "" };
    setInterval(() => this.#look(), LOOK_MS);
  }

  get type() {
    return this.types[0] ?? null;
  }

  /** Begins to send because a person wants it: this phone wins. Throws ApiError when the server refuses. */
  async begin() {
    await this.page.claim({ isNewer: true });
    await this.#begin({ isNewer: true });
    try {
      await this.take.opened;
    } catch (error) {
      if (!this.isOn) throw error;
    }
  }

  /** Goes on after a reload, if this phone was the one that sent; returns whether it does. */
  async resume() {
    if (!this.memory.last || !(await this.page.claim({ isNewer: false }))) return false;
    await this.#begin({ isNewer: false });
    return true;
  }

  async #begin({ isNewer }) {
    this.isOn = true;
    this.pace = new Pace(RATES, now());
    this.uploader.restart();
    if (this.camera.side !== LEVELS[this.level].side) await this.camera.resize(this.level);
    this.#record({ isNewer });
  }

  #record({ isNewer = false } = {}) {
    const before = this.take;
    const take = this.uploader.begin({ mime: this.type, level: this.level, isNewer });
    const recording = new Recording(this.camera.stream, {
      type: this.type,
      level: this.level,
      onChunk: (blob, ms) => this.#keep(take, blob, ms),
      onLost: () => this.recording === recording && this.#recover(),
    });
    this.take = take;
    this.recording = recording;
    recording.start();
    if (before) this.uploader.end(before);
  }

  #keep(take, blob, ms) {
    if (!this.isOn && take !== this.take) return;
    this.uploader.add(take, blob, ms);
    if (this.uploader.isFull && !this.isChanging) this.#anew();
  }

  /** From the uploader. */
  heard(link) {
    this.link = link;
    this.#tell();
  }

  sent({ level, recordedMs, ms }) {
    this.pace?.sent({ level: level ?? this.level, recordedMs, ms, at: now() });
  }

  #tell() {
    const { waitingMs, isOffline, code } = this.link;
    const quality = isOffline ? "offline" : waitingMs >= WEAK_MS ? "weak" : "good";
    if (this.isOn) this.onLink({ quality, waitingMs, code, level: this.level });
  }

  #look() {
    if (!this.isOn || this.isChanging) return;
    if (this.recording && !document.hidden && this.recording.silence > SILENT_MS) {
      this.#recover();
      return;
    }
    const { waitingMs, isOffline } = this.link;
    const level = this.pace.choose({ at: now(), level: this.level, waitingMs, isOffline });
    if (level !== this.level) {
      this.level = level;
      this.change(() => this.camera.resize(level));
    }
  }

  /** Begins the next take, with the camera as `between` leaves it. */
  async change(between = async () => {}) {
    if (this.isChanging || !this.isOn) return;
    this.isChanging = true;
    try {
      await this.recording?.stop();
      await between();
      if (this.isOn) this.#record();
    } finally {
      this.isChanging = false;
    }
    this.#tell();
  }

  /** The page is seen again: whatever the phone took away meanwhile comes back. */
  wake() {
    this.uploader.hurry();
    if (!this.isOn || this.isChanging) return;
    if (this.camera.isGone || this.recording?.silence > SILENT_MS) this.#recover();
  }

  /** The page goes out of sight, perhaps for good. */
  flush() {
    this.recording?.flush();
  }

  // A call, another app or the system has the camera: ask until it is given back.
  #recover() {
    return this.change(async () => {
      this.onCamera(false);
      while (this.isOn) {
        try {
          if (this.camera.isGone || !this.camera.isWhole) await this.camera.open();
          break;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, CAMERA_AGAIN_MS));
        }
      }
      this.onCamera(true);
    });
  }

  /** The server takes no more of what we send. */
  async refused(reason) {
    if (!this.isOn) return;
    if (TAKEN.includes(reason) || OVER.includes(reason)) {
      await this.#stop(TAKEN.includes(reason) ? "replaced" : "ended");
      return;
    }
    while (this.isChanging) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (OTHER_TYPE.includes(reason) && this.types.length > 1) {
      this.types.shift();
      await this.#anew();
    } else if (ANEW.includes(reason) && this.#mayRestart()) {
      await this.#anew();
    } else {
      await this.#stop(reason);
    }
  }

  #mayRestart() {
    this.restarts = this.restarts.filter((at) => at > now() - RESTARTS_MS);
    return this.restarts.push(now()) <= MOST_RESTARTS;
  }

  // What waits has no place any more: give it up and begin with what the camera sees now.
  async #anew() {
    await this.change(async () => {
      await this.uploader.forget();
      this.take = null;
      this.uploader.restart();
    });
  }

  async #stop(reason) {
    if (!this.isOn) return;
    this.isOn = false;
    this.memory.last = null;
    this.page.let();
    await this.recording?.stop();
    this.recording = this.take = null;
    this.uploader.isStopped = true;
    await this.uploader.forget();
    this.onStop(reason);
  }

  /** Sends the last seconds and stops. */
  async end() {
    this.isOn = false;
    await this.recording?.stop();
    if (this.take) this.uploader.end(this.take);
    this.recording = this.take = null;
    await this.uploader.finish(LAST_WORDS_MS);
    this.memory.last = null;
    this.page.let();
  }
}
