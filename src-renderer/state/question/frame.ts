/** What an answer brings is drawn in several frames: all in one keep the page from answering for 100 to 200 ms. */

/** A list that was empty is made in this many frames: chart, grid, rows. */
const LIST_FRAMES = 12;
/** Of a new list, these many facets are drawn in one frame: all in one take 30 ms of style, layout and paint. */
const FACETS = 2;

/** An answer is read and checked in one task and drawn in the next: 6 ms and 20, the first time. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** A page that is not seen has no frames. */
function frame(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 100);
    requestAnimationFrame(() => setTimeout(resolve));
  });
}

/** The panel's facets when the list is drawn: those of a new list a few at a time, else all at once, so that they change together. */
export async function* afterList<T>(facets: readonly T[], isNew: boolean): AsyncGenerator<readonly T[]> {
  for (let frames = isNew ? LIST_FRAMES : 1; frames > 0; frames--) await frame();
  const portion = isNew ? FACETS : Math.max(1, facets.length);
  for (let at = 0; at < facets.length; at += portion) {
    yield facets.slice(at, at + portion);
    if (isNew) await frame();
  }
}
