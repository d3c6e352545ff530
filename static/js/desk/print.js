// A tally is handed over on paper: the button opens the browser's own print page.
for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}
