const LIVE = {
  lowLatencyMode: true,
  liveSyncDuration: 2.5,
  liveMaxLatencyDuration: 9,
  maxLiveSyncPlaybackRate: 1.5,
  backBufferLength: 20,
  manifestLoadingMaxRetry: 6,
  manifestLoadingRetryDelay: 700,
};
const REPLAY = { backBufferLength: 60 };
const RETRY_MS = 1000;

function hasMediaSource() {
  return "MediaSource" in window || "ManagedMediaSource" in window;
}

/**
 * Shows one HLS address in a video element: hls.js where the browser has media source buffers,
 * the browser's own player elsewhere (iPhone). Events on the element: "picture" (moving),
 * "nosound" (the browser allows it only muted), "cannotplay", "blocked" (it wants a tap first).
 */
export class Picture {
  constructor(video) {
    this.video = video;
    this.url = null;
    this.hls = null;
    video.addEventListener("playing", () => this.#tell("picture"));
  }

  #tell(name) {
    this.video.dispatchEvent(new CustomEvent(name));
  }

  async show(url, { isLive, startAt = 0 } = {}) {
    if (this.url === url) return;
    this.stop();
    this.url = url;
    if (hasMediaSource()) {
      const { default: Hls } = await import("../../vendor/hls.light.min.mjs");
      if (this.url !== url) return;
      if (Hls.isSupported()) {
        this.#playWith(Hls, url, isLive, startAt);
        return;
      }
    }
    if (!this.video.canPlayType("application/vnd.apple.mpegurl")) {
      this.#tell("cannotplay");
      return;
    }
    this.video.src = url;
    if (startAt) this.video.addEventListener("loadedmetadata", () => (this.video.currentTime = startAt), { once: true });
    this.video.addEventListener("error", () => this.#again(url, isLive), { once: true });
    this.play();
  }

  #playWith(Hls, url, isLive, startAt) {
    const hls = new Hls({ ...(isLive ? LIVE : REPLAY), ...(startAt ? { startPosition: startAt } : {}) });
    this.hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.play());
    hls.on(Hls.Events.ERROR, (_name, problem) => {
      if (!problem.fatal) return;
      if (problem.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
      else this.#again(url, isLive);
    });
    hls.loadSource(url);
    hls.attachMedia(this.video);
  }

  // The list may not be there yet, or the network is gone: go on trying while the page shows this picture.
  #again(url, isLive) {
    setTimeout(() => {
      if (this.url !== url) return;
      this.url = null;
      this.show(url, { isLive });
    }, RETRY_MS);
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
    this.url = null;
    this.hls?.destroy();
    this.hls = null;
    this.video.removeAttribute("src");
    this.video.load();
  }
}
