import { toast } from "./toast.js";

// `data-share` holds the address; phones open their own share sheet, others copy it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-share]");
  if (!button) return;
  const url = button.dataset.share;
  try {
    if (navigator.share) {
      await navigator.share({ title: button.dataset.shareTitle ?? document.title, url });
      return;
    }
    await navigator.clipboard.writeText(url);
    toast(button.dataset.copied ?? "", "success");
  } catch (error) {
    if (error.name !== "AbortError") window.prompt("", url);
  }
});
