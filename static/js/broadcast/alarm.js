const LOST = [300, 150, 300, 150, 300];
const FOUND = [80];

/** Tells the host, who looks at the goods and not at the phone, that the picture is lost: banner and vibration. */
export class Alarm {
  constructor(banner) {
    this.banner = banner;
    this.text = banner.querySelector("[data-alarm-text]");
    this.causes = new Map();
  }

  /** Raises or ends one cause; the newest that lasts is shown. */
  set(cause, text) {
    const wasLost = this.causes.size > 0;
    this.causes.delete(cause);
    if (text) this.causes.set(cause, text);
    const isLost = this.causes.size > 0;
    this.banner.hidden = !isLost;
    const shown = [...this.causes.values()].at(-1) ?? "";
    if (this.text.textContent !== shown) this.text.textContent = shown;
    if (isLost !== wasLost) navigator.vibrate?.(isLost ? LOST : FOUND);
  }
}
