/** Keeps the screen on while the show is on; the browser lets it go whenever the page is hidden. */
export class Awake {
  constructor() {
    this.isWanted = false;
    this.lock = null;
    document.addEventListener("visibilitychange", () => this.#hold());
  }

  keep() {
    this.isWanted = true;
    this.#hold();
  }

  let() {
    this.isWanted = false;
    this.lock?.release().catch(() => {});
    this.lock = null;
  }

  async #hold() {
    if (!this.isWanted || document.hidden || !navigator.wakeLock) return;
    if (this.lock && !this.lock.released) return;
    try {
      this.lock = await navigator.wakeLock.request("screen");
    } catch {
      // Battery saver: the phone decides.
    }
  }
}
