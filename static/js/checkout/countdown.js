// Minutes and seconds until the goods are no longer held; the server decides, this only shows.
for (const mark of document.querySelectorAll("[data-countdown]")) {
  const end = Date.parse(mark.dataset.countdown);
  const tick = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    mark.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left === 0) {
      clearInterval(timer);
      location.reload();
    }
  };
  const timer = setInterval(tick, 1000);
  if (end > Date.now()) tick();
  else clearInterval(timer);
}
