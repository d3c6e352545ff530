const PREPARE_SECONDS = 180;

/** The picture and what stands over it: waiting, live, interrupted, ended. */
export class Stage {
  constructor({ root, words, picture }) {
    this.root = root;
    this.words = words;
    this.picture = picture;
    this.video = picture.video;
    this.session = null;
    const one = (name) => root.querySelector(`[data-${name}]`);
    this.part = {
      state: one("state"), text: one("state-text"), clock: one("clock"), link: one("state-link"),
      badge: one("badge"), play: one("play"), sound: one("sound"), cover: one("cover"),
    };
    this.isMoving = false;
    this.video.addEventListener("picture", () => {
      this.isMoving = true;
      this.part.play.hidden = true;
      this.#tell();
    });
    this.video.addEventListener("choices", () => this.session && this.#tell());
    this.video.addEventListener("nosound", () => (this.part.sound.hidden = false));
    this.video.addEventListener("blocked", () => (this.part.play.hidden = false));
    this.video.addEventListener("cannotplay", () => this.#say(words.no_picture));
    this.part.play.addEventListener("click", () => picture.play());
    this.part.sound.addEventListener("click", () => {
      this.video.muted = false;
      this.part.sound.hidden = true;
      picture.play();
    });
    setInterval(() => this.#tick(), 1000);
  }

  show(session, { startAt }) {
    this.session = session;
    this.root.dataset.status = session.status;
    const isLive = ["live", "interrupted"].includes(session.status);
    const { playback_url: url, audio_url: audioUrl } = session;
    if (url) this.picture.show(url, { isLive, startAt, audioUrl });
    // When the show ends, the last seconds are still being watched: the replay takes over when it is ready.
    else if (session.status !== "ended") this.picture.stop();
    if (!url) this.isMoving = false;
    if (!url && isLive) this.picture.prepare();
    this.#tell();
  }

  #tell() {
    const { status, playback_url: url, replay } = this.session;
    const { badge, clock, link } = this.part;
    badge.className = `badge ${{ live: "badge--live", interrupted: "badge--wait", ended: "badge--dark" }[status] ?? "badge--wait"}`;
    badge.textContent = this.words[`badge_${status}`] ?? "";
    badge.hidden = !badge.textContent;
    this.root.classList.toggle("room__stage--moving", this.isMoving);
    clock.hidden = status !== "scheduled";
    link.hidden = !(status === "ended" && !url && replay !== "processing");
    if (status === "scheduled") this.#tick();
    else if (status === "interrupted") this.#say(this.words.interrupted);
    else if (status === "ended" && !url) this.#say(this.#ending(replay));
    else if (status === "live" && !this.isMoving) this.#say(this.words.connecting);
    else if (this.picture.isSoundOnly) this.#say(this.words.sound_only);
    else if (status === "cancelled") this.#say(this.words.cancelled);
    else this.#say("");
  }

  #ending(replay) {
    const next = replay === "processing" ? this.words.preparing : this.words.no_replay;
    return this.session.end_code === "picture_lost" ? `${this.words.ended_dark} ${next}` : next;
  }

  #say(text) {
    this.part.state.hidden = !text;
    if (this.part.text.textContent !== text) this.part.text.textContent = text;
  }

  #tick() {
    if (this.session?.status !== "scheduled") return;
    const left = Math.floor((new Date(this.session.scheduled_at) - Date.now()) / 1000);
    // Who waits for the beginning has the player by then; who looks in a day before does not pay for it.
    if (left < PREPARE_SECONDS) this.picture.prepare();
    if (left <= 0) {
      this.part.clock.textContent = "";
      this.#say(this.words.starts_soon);
      return;
    }
    const days = Math.floor(left / 86400);
    const pad = (number) => String(number).padStart(2, "0");
    const time = `${pad(Math.floor((left % 86400) / 3600))}:${pad(Math.floor((left % 3600) / 60))}:${pad(left % 60)}`;
    this.part.clock.textContent = days ? `${this.words.days.replace("{count}", days)} ${time}` : time;
    this.#say(this.words.starts_in);
  }
}
