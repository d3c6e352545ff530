import { BITRATES, Recording, bestType } from "./recorder.js";
import { Uploader } from "./uploader.js";

const WEAK_AT = 4;
const TOO_SLOW_AT = 9;
const AGAIN_MS = 1500;
const LAST_WORDS_MS = 10_000;

/**
 * The picture of a show: takes one after the other. A camera flip, a smaller picture or a take that
 * the server closed begin a new take; everything recorded before is sent first.
 */
export class Show {
  constructor({ sessionUrl, camera, onLink }) {
    Object.assign(this, { sessionUrl, camera, onLink });
    this.type = bestType();
    this.level = 0;
    this.isOn = false;
    this.isChanging = false;
  }

  /** Begins to send; throws ApiError when the server refuses. */
  async begin() {
    this.isOn = true;
    await this.#newTake();
  }

  async #newTake() {
    const uploader = new Uploader({
      sessionUrl: this.sessionUrl,
      mime: this.type,
      onState: (state) => this.#link(uploader, state),
      onClosed: () => this.#restart(),
    });
    await uploader.open();
    this.uploader = uploader;
    this.recording = new Recording(this.camera.stream, {
      type: this.type,
      level: this.level,
      onChunk: (blob) => uploader.add(blob),
    });
    this.recording.start();
  }

  #link(uploader, { waiting, isOffline, code }) {
    if (uploader !== this.uploader) return;
    const quality = isOffline ? "offline" : waiting >= WEAK_AT ? "weak" : "good";
    this.onLink({ quality, waiting, code, level: this.level });
    if (!isOffline && waiting >= TOO_SLOW_AT && this.level < BITRATES.length - 1 && !this.isChanging) {
      this.level += 1;
      this.change();
    }
  }

  /** Ends the current take once it is sent and begins the next, with the camera as it is now. */
  async change(between = async () => {}) {
    if (this.isChanging || !this.isOn) return;
    this.isChanging = true;
    try {
      await this.recording?.stop();
      await this.uploader?.finish(60_000);
      await between();
      if (this.isOn) await this.#open();
    } finally {
      this.isChanging = false;
    }
  }

  async #restart() {
    if (this.isChanging || !this.isOn) return;
    this.isChanging = true;
    await this.recording?.stop();
    await this.#open();
    this.isChanging = false;
  }

  // After a tunnel the server may be away for a while: try until it answers.
  async #open() {
    while (this.isOn) {
      try {
        await this.#newTake();
        return;
      } catch (error) {
        this.onLink({ quality: "offline", waiting: 0, code: error.code ?? "", level: this.level });
        if (error.code === "not_on_air" || error.code === "not_found") {
          this.isOn = false;
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  /** Sends the last seconds and stops. */
  async end() {
    this.isOn = false;
    await this.recording?.stop();
    await this.uploader?.finish(LAST_WORDS_MS);
  }
}
