import { AUDIO, AUTO, LOW, SOURCE, choicesOf, wishedChoice } from "./choices.js";

// A phone that is about to lose its network gives up a request soon and asks again.
const PATIENT = {
  default: {
    maxTimeToFirstByteMs: 6000,
    maxLoadTimeMs: 20_000,
    timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: 6, retryDelayMs: 500, maxRetryDelayMs: 4000 },
  },
};
const LIVE = {
  lowLatencyMode: true,
  liveSyncDuration: 2,
  liveMaxLatencyDuration: 6,
  maxLiveSyncPlaybackRate: 1.5,
  backBufferLength: 20,
  manifestLoadPolicy: PATIENT,
  playlistLoadPolicy: PATIENT,
  fragLoadPolicy: PATIENT,
};
const REPLAY = { backBufferLength: 60 };
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const STALL_MS = 4000;
const BEHIND_SECONDS = 3;
const LOOK_MS = 1000;

function hasMediaSource() {
  return "ManagedMediaSource" in window || "MediaSource" in window;
}

function player() {
  return import("../../vendor/hls.light.min.mjs");
}

/**
 * Shows one HLS address in a video element: hls.js where the browser has media source buffers,
 * the browser's own player elsewhere (older iPhones). Events on the element: "picture" (moving),
 * "choices" (what can be chosen of the picture), "nosound" (the browser allows it only muted),
 * "cannotplay", "blocked" (it wants a tap first). After an outage the picture comes back by itself.
 */
export class Picture {
  constructor(video) {
    this.video = video;
    this.url = null;
    this.hls = null;
    this.choices = [];
    this.choice = wishedChoice();
    this.wait = FIRST_WAIT_MS;
    this.movedAt = 0;
    video.addEventListener("playing", () => {
      this.wait = FIRST_WAIT_MS;
      this.#tell("picture");
    });
    video.addEventListener("timeupdate", () => (this.movedAt = performance.now()));
    window.addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => this.#seen());
    setInterval(() => this.#look(), LOOK_MS);
  }

  #tell(name) {
    this.video.dispatchEvent(new CustomEvent(name));
  }

  /** Fetches the player before there is anything to play: the first picture comes sooner. */
  prepare() {
    if (hasMediaSource()) player().catch(() => {});
  }

  get isSoundOnly() {
    return this.choice === AUDIO && Boolean(this.audioUrl);
  }

  /** Shows an address; `audioUrl` is its sound alone, for a weak line. */
  async show(url, { isLive, startAt = 0, audioUrl = null } = {}) {
    this.audioUrl = audioUrl;
    if (this.url === url) return;
    this.stop();
    Object.assign(this, { url, isLive, startAt });
    await this.#begin();
  }

  async #begin() {
    const { url } = this;
    if (hasMediaSource()) {
      let Hls;
      try {
        ({ default: Hls } = await player());
      } catch {
        this.#later(() => this.#begin());
        return;
      }
      if (this.url !== url) return;
      if (Hls.isSupported()) {
        this.#playWith(Hls);
        return;
      }
    }
    if (!this.video.canPlayType("application/vnd.apple.mpegurl")) {
      this.#tell("cannotplay");
      return;
    }
    this.#playNatively();
  }

  #playWith(Hls) {
    const hls = new Hls({ ...(this.isLive ? LIVE : REPLAY), ...(this.startAt ? { startPosition: this.startAt } : {}) });
    this.hls = hls;
    this.brokenAt = 0;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      this.#offer(hls.levels.map(({ width, height }, index) => ({ side: Math.min(width, height), level: index })));
      this.#setLevel();
      this.play();
    });
    hls.on(Hls.Events.ERROR, (_name, problem) => problem.fatal && this.#mend(Hls, problem));
    hls.loadSource(this.isSoundOnly ? this.audioUrl : this.url);
    hls.attachMedia(this.video);
  }

  // The list may not be there yet, or the network is gone: go on trying, with the last picture on the screen.
  #mend(Hls, problem) {
    const { hls } = this;
    if (!hls) return;
    const isAgain = performance.now() - this.brokenAt < 5000;
    if (problem.type === Hls.ErrorTypes.MEDIA_ERROR && !isAgain) {
      this.brokenAt = performance.now();
      hls.recoverMediaError();
    } else if (problem.type === Hls.ErrorTypes.NETWORK_ERROR) {
      this.#later(() => {
        if (this.hls !== hls) return;
        if (hls.levels?.length) hls.startLoad(-1);
        else hls.loadSource(this.isSoundOnly ? this.audioUrl : this.url);
      });
    } else {
      this.#later(() => this.hls === hls && this.#anew());
    }
  }

  #playNatively() {
    const { video, startAt, choice } = this;
    const chosen = this.choices.find((one) => one.key === choice)?.url;
    video.src = this.isSoundOnly ? this.audioUrl : (chosen ?? this.url);
    if (startAt) video.addEventListener("loadedmetadata", () => (video.currentTime = startAt), { once: true });
    video.addEventListener("error", () => this.url && this.#later(() => this.#anew()), { once: true });
    this.play();
    if (!this.choices.length) this.#readChoices();
  }

  // The browser's own player keeps to itself what there is to choose from.
  async #readChoices() {
    const { url } = this;
    const text = await fetch(url).then((answer) => (answer.ok ? answer.text() : ""), () => "");
    if (this.url !== url) return;
    this.#offer(choicesOf(text, url));
    if (this.choices.some((one) => one.key === this.choice && one.url)) this.#anew();
  }

  /** Puts together what can be chosen: the picture by its shorter side, and the sound alone. */
  #offer(pictures) {
    const seen = pictures.filter((one) => one.side).sort((a, b) => b.side - a.side);
    const named = seen.slice(0, 1).map((one) => ({ key: SOURCE, ...one }));
    if (seen.length > 1) named.push({ key: LOW, ...seen.at(-1) });
    if (!seen.length && this.choices.length) return;
    this.choices = [{ key: AUTO }, ...named];
    this.#tell("choices");
  }

  /** What can be chosen now: `[{key: auto | source | low | audio, side}]`. */
  get offered() {
    return this.audioUrl ? [...this.choices, { key: AUDIO }] : this.choices;
  }

  /** Changes to one of what is offered. */
  choose(key) {
    const wasSoundOnly = this.isSoundOnly;
    this.choice = wishedChoice(key);
    if (!this.url) return;
    if (this.hls && wasSoundOnly === this.isSoundOnly) this.#setLevel();
    else this.#anew();
    this.#tell("choices");
  }

  #setLevel() {
    if (!this.hls || this.isSoundOnly) return;
    const level = this.choices.find((one) => one.key === this.choice)?.level;
    this.hls.nextLevel = level ?? -1;
  }

  #anew() {
    if (!this.isLive) this.startAt = this.video.currentTime || this.startAt;
    this.hls?.destroy();
    this.hls = null;
    return this.#begin();
  }

  #later(what) {
    const { url } = this;
    clearTimeout(this.timer);
    this.due = () => {
      this.due = null;
      clearTimeout(this.timer);
      if (this.url === url) what();
    };
    this.timer = setTimeout(this.due, this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  // The network is back: do not wait out the rest of the pause.
  #hurry() {
    if (this.due) this.due();
    else if (this.isLive) this.hls?.startLoad(-1);
  }

  #seen() {
    if (document.hidden || !this.url || !this.isLive) return;
    this.play();
  }

  // New segments come and the picture stands: the player has lost its place.
  #look() {
    const { hls, video } = this;
    if (!hls || !this.isLive || video.paused || performance.now() - this.movedAt < STALL_MS) return;
    const edge = hls.liveSyncPosition;
    if (edge === null || edge - video.currentTime < BEHIND_SECONDS) return;
    this.movedAt = performance.now();
    video.currentTime = edge;
    hls.startLoad(-1);
    this.play();
  }

  async play() {
    try {
      await this.video.play();
    } catch (error) {
      if (error.name !== "NotAllowedError") return;
      if (this.video.muted) {
        this.#tell("blocked");
        return;
      }
      this.video.muted = true;
      this.#tell("nosound");
      await this.play();
    }
  }

  stop() {
    clearTimeout(this.timer);
    this.due = null;
    this.url = null;
    this.choices = [];
    this.hls?.destroy();
    this.hls = null;
    this.video.removeAttribute("src");
    this.video.load();
  }
}
