/** The sheet in which a viewer chooses the picture: by itself, as sent, small, or only the sound. */
export class Quality {
  constructor({ root, opener, list, words, picture }) {
    Object.assign(this, { root, opener, list, words, picture });
    picture.video.addEventListener("choices", () => this.draw());
  }

  draw() {
    const { offered, choice } = this.picture;
    // One picture without a choice needs no button.
    this.opener.hidden = offered.length < 2;
    this.root.classList.toggle("room__stage--sound", this.picture.isSoundOnly);
    this.list.replaceChildren(...offered.map((one) => this.#button(one, one.key === choice)));
  }

  #button({ key, side }, isChosen) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `btn btn--wide ${isChosen ? "btn--main" : "btn--soft"}`;
    button.setAttribute("aria-pressed", String(isChosen));
    button.dataset.choice = key;
    const name = this.words[`quality_${key}`];
    button.textContent = side ? `${name} · ${side}p` : name;
    button.addEventListener("click", () => {
      this.picture.choose(key);
      this.list.closest("dialog").close();
    });
    return button;
  }
}
