document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-sheet-open]");
  if (opener) {
    event.preventDefault(); // an opener may be a link for those without scripts
    document.getElementById(opener.dataset.sheetOpen)?.showModal();
    return;
  }
  const closer = event.target.closest("[data-sheet-close]");
  if (closer) {
    closer.closest("dialog")?.close();
    return;
  }
  // A click whose target is the dialog itself fell on its backdrop: its own area is covered by children.
  if (event.target.matches?.("dialog.sheet")) event.target.close();
});
