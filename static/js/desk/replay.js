import { Picture } from "../player/picture.js";

const video = document.querySelector("[data-preview]");

function text(ms) {
  const seconds = Math.floor(ms / 1000);
  const tenths = Math.floor((ms % 1000) / 100);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}${tenths ? `.${tenths}` : ""}`;
}

// The picture is fetched when it is wanted; places count in the whole show, also where its beginning is cut away.
if (video) {
  const opener = document.querySelector("[data-preview-open]");
  opener.hidden = false;
  opener.addEventListener("click", () => {
    opener.hidden = true;
    video.hidden = false;
    new Picture(video).show(video.dataset.preview, { isLive: false });
    for (const button of document.querySelectorAll("[data-use]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const input = button.closest("form").elements.namedItem(button.dataset.use);
        input.value = text(video.currentTime * 1000 + Number(video.dataset.offset));
        input.focus();
      });
    }
  });
}
