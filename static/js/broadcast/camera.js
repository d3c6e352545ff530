import { LEVELS } from "./recorder.js";

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

function picture(facing, side) {
  return {
    facingMode: { ideal: facing },
    width: { ideal: Math.round((side * 9) / 16) },
    height: { ideal: side },
    frameRate: { ideal: 25, max: 30 },
  };
}

/**
 * The phone's camera and microphone; `open` may be called again, for the other camera.
 * `onLost` is told when the phone takes them away (a call, another app), `onBack` when it gives them back.
 */
export class Camera {
  constructor(video, { onLost, onBack }) {
    Object.assign(this, { video, onLost, onBack });
    this.stream = null;
    this.facing = "user";
    this.isMuted = false;
    this.side = LEVELS[0].side;
  }

  /** Opens the camera; throws an Error whose name is that of getUserMedia, "Insecure" without https. */
  async open() {
    if (!navigator.mediaDevices?.getUserMedia) {
      const error = new Error("insecure");
      error.name = "Insecure";
      throw error;
    }
    this.close();
    const stream = await navigator.mediaDevices.getUserMedia({ video: picture(this.facing, this.side), audio: SOUND });
    this.stream = stream;
    this.video.srcObject = stream;
    this.mute(this.isMuted);
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", () => this.stream === stream && this.onLost());
      track.addEventListener("mute", () => this.stream === stream && this.onLost());
      track.addEventListener("unmute", () => this.stream === stream && this.isWhole && this.onBack());
    }
    return stream;
  }

  /** Whether picture and sound both come. */
  get isWhole() {
    const tracks = this.stream?.getTracks() ?? [];
    return tracks.length > 0 && tracks.every((track) => track.readyState === "live" && !track.muted);
  }

  /** Whether the phone has ended a track for good: only opening again helps. */
  get isGone() {
    const tracks = this.stream?.getTracks() ?? [];
    return tracks.length === 0 || tracks.some((track) => track.readyState === "ended");
  }

  /** Turns to the other camera; when it cannot be opened, back to the one before. */
  async flip() {
    const before = this.facing;
    this.facing = before === "user" ? "environment" : "user";
    try {
      return await this.open();
    } catch {
      this.facing = before;
      return this.open();
    }
  }

  /** Makes the picture as large as a level asks for; a camera that cannot keeps its size. */
  async resize(level) {
    this.side = LEVELS[level].side;
    const [track] = this.stream?.getVideoTracks() ?? [];
    await track?.applyConstraints?.(picture(this.facing, this.side)).catch(() => {});
  }

  mute(isMuted) {
    this.isMuted = isMuted;
    this.stream?.getAudioTracks().forEach((track) => (track.enabled = !isMuted));
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
  }
}
