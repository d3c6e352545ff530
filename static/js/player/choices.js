/** What a viewer can choose of the picture. */
export const AUTO = "auto";
export const SOURCE = "source";
export const LOW = "low";
export const AUDIO = "audio";

const NAME = "picture";

/** Returns what the viewer chose last on this phone, after keeping `key`; a saver of data begins small. */
export function wishedChoice(key) {
  try {
    if (key) localStorage.setItem(NAME, key);
    const kept = key ?? localStorage.getItem(NAME);
    if ([AUTO, SOURCE, LOW, AUDIO].includes(kept)) return kept;
  } catch {
    if (key) return key;
  }
  return navigator.connection?.saveData ? LOW : AUTO;
}

/** Returns the pictures of a multivariant playlist: `[{side, url}]`, `side` the shorter one in pixels. */
export function choicesOf(text, base) {
  const lines = text.split("\n");
  const found = [];
  lines.forEach((line, index) => {
    const size = line.startsWith("#EXT-X-STREAM-INF:") && line.match(/RESOLUTION=(\d+)x(\d+)/);
    const address = lines[index + 1]?.trim();
    if (!size || !address) return;
    const url = new URL(address, new URL(base, window.location.href)).href;
    found.push({ side: Math.min(Number(size[1]), Number(size[2])), url });
  });
  return found;
}
