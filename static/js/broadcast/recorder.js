// live.md 1: H.264 can be shown without re-encoding; VP8 is the last way out.
const TYPES = [
  "video/mp4;codecs=avc1.42E01F,mp4a.40.2",
  "video/mp4;codecs=avc1,mp4a",
  "video/webm;codecs=h264,opus",
  "video/x-matroska;codecs=avc1,opus",
  "video/webm;codecs=vp8,opus",
];
const SLICE_MS = 1000;
const AUDIO_BITS = 64_000;
/** Bits a second of the picture, from best to what the weakest network carries. */
export const BITRATES = [1_500_000, 700_000, 350_000, 180_000];

/** Returns the best type that this browser records, or null. */
export function bestType() {
  if (!("MediaRecorder" in window)) return null;
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? null;
}

/** One recording; `onChunk` gets a Blob a second, in order. */
export class Recording {
  constructor(stream, { type, level, onChunk }) {
    this.recorder = new MediaRecorder(stream, {
      mimeType: type,
      videoBitsPerSecond: BITRATES[level],
      audioBitsPerSecond: AUDIO_BITS,
      videoKeyFrameIntervalDuration: 1000,
    });
    this.recorder.addEventListener("dataavailable", (event) => event.data.size && onChunk(event.data));
  }

  start() {
    this.recorder.start(SLICE_MS);
  }

  /** Stops and resolves when the last chunk was given. */
  stop() {
    if (this.recorder.state === "inactive") return Promise.resolve();
    return new Promise((resolve) => {
      this.recorder.addEventListener("stop", resolve, { once: true });
      this.recorder.stop();
    });
  }
}
