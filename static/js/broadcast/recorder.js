// live.md 1: H.264 can be shown without re-encoding; VP8 is the last way out.
const TYPES = [
  "video/mp4;codecs=avc1.42E01F,mp4a.40.2",
  "video/mp4;codecs=avc1,mp4a",
  "video/webm;codecs=h264,opus",
  "video/x-matroska;codecs=avc1,opus",
  "video/mp4;codecs=avc1.42E01F,opus",
  "video/webm;codecs=vp8,opus",
];
const AUDIO_BITS = 64_000;
const LONGEST_STOP_MS = 3000;

/**
 * Pictures from best to what the weakest network carries: bits a second of the picture, its longer side in
 * pixels, milliseconds a chunk (long ones on a weak network: each costs a round trip).
 */
export const LEVELS = [
  { bits: 1_500_000, side: 1280, slice: 500 },
  { bits: 700_000, side: 960, slice: 1000 },
  { bits: 350_000, side: 640, slice: 1000 },
  { bits: 180_000, side: 480, slice: 1000 },
];

/** What the network has to carry at each level, in bits a second. */
export const RATES = LEVELS.map(({ bits }) => bits + AUDIO_BITS);

/** Returns the types that this browser records, the best first. */
export function recordedTypes() {
  if (!("MediaRecorder" in window)) return [];
  return TYPES.filter((type) => MediaRecorder.isTypeSupported(type));
}

/** One recording; `onChunk` gets a Blob and its milliseconds, in order; `onLost` when it ends by itself. */
export class Recording {
  constructor(stream, { type, level, onChunk, onLost }) {
    this.level = level;
    this.isStopped = false;
    this.recorder = new MediaRecorder(stream, {
      mimeType: type,
      videoBitsPerSecond: LEVELS[level].bits,
      audioBitsPerSecond: AUDIO_BITS,
      videoKeyFrameIntervalDuration: 1000,
    });
    this.recorder.addEventListener("dataavailable", (event) => {
      if (!event.data.size) return;
      const now = performance.now();
      onChunk(event.data, Math.round(now - this.heardAt));
      this.heardAt = now;
    });
    for (const name of ["stop", "error"]) this.recorder.addEventListener(name, () => this.isStopped || onLost());
  }

  start() {
    this.heardAt = performance.now();
    this.recorder.start(LEVELS[this.level].slice);
  }

  /** Hands out what was recorded since the last chunk: the page may be about to go. */
  flush() {
    if (this.recorder.state === "recording") this.recorder.requestData();
  }

  /** Milliseconds since the last chunk. */
  get silence() {
    return performance.now() - this.heardAt;
  }

  /** Stops and resolves when the last chunk was given. */
  stop() {
    this.isStopped = true;
    if (this.recorder.state === "inactive") return Promise.resolve();
    return new Promise((resolve) => {
      this.recorder.addEventListener("stop", resolve, { once: true });
      // After a call a recorder may never say that it has stopped.
      setTimeout(resolve, LONGEST_STOP_MS);
      this.recorder.stop();
    });
  }
}
