const WANTED = {
  video: { width: { ideal: 720 }, height: { ideal: 1280 }, frameRate: { ideal: 25, max: 30 } },
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

/** The phone's camera and microphone; `open` may be called again, for the other camera. */
export class Camera {
  constructor(video) {
    this.video = video;
    this.stream = null;
    this.facing = "user";
    this.isMuted = false;
  }

  /** Opens the camera; throws an Error whose name is that of getUserMedia, "Insecure" without https. */
  async open() {
    if (!navigator.mediaDevices?.getUserMedia) {
      const error = new Error("insecure");
      error.name = "Insecure";
      throw error;
    }
    const wanted = { ...WANTED, video: { ...WANTED.video, facingMode: { ideal: this.facing } } };
    this.close();
    this.stream = await navigator.mediaDevices.getUserMedia(wanted);
    this.video.srcObject = this.stream;
    this.mute(this.isMuted);
    return this.stream;
  }

  /** Turns to the other camera. */
  async flip() {
    this.facing = this.facing === "user" ? "environment" : "user";
    return this.open();
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
