import { clock } from "./goods.js";

/** Moving about in a replay; the card shows the goods of the chapter that is being watched. */
export class Replay {
  constructor({ video, seek, pin }) {
    this.video = video;
    this.seek = seek;
    this.pin = pin;
    this.chapters = [];
    this.range = seek.querySelector("[data-range]");
    this.time = seek.querySelector("[data-time]");
    this.isDragged = false;
    this.range.addEventListener("input", () => {
      this.isDragged = true;
      this.time.textContent = clock(Number(this.range.value) * 1000);
    });
    this.range.addEventListener("change", () => {
      this.isDragged = false;
      video.currentTime = Number(this.range.value);
    });
    seek.querySelector("[data-toggle]").addEventListener("click", () => (video.paused ? video.play() : video.pause()));
    video.addEventListener("timeupdate", () => this.#follow());
  }

  begin(chapters, durationMs, startAt) {
    this.chapters = chapters;
    this.seek.hidden = false;
    this.range.max = String((durationMs ?? 0) / 1000);
    this.#showChapter(startAt * 1000);
  }

  jump(chapter) {
    this.video.currentTime = chapter.starts_ms / 1000;
    this.video.play();
    this.pin.show(chapter);
  }

  #follow() {
    if (this.seek.hidden) return;
    if (!this.isDragged) {
      this.range.value = String(this.video.currentTime);
      this.time.textContent = clock(this.video.currentTime * 1000);
    }
    this.#showChapter(this.video.currentTime * 1000);
  }

  #showChapter(ms) {
    const current = this.chapters.findLast((chapter) => chapter.starts_ms <= ms) ?? this.chapters[0] ?? null;
    if (current?.chapter !== this.pin.item?.chapter || !this.pin.item) this.pin.show(current);
  }
}
