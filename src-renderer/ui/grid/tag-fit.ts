/** How many tags of a run a cell of the grid shows; the others are counted in a last chip, `+2`. */

/** px around the words of a chip: padding, border and the gap to the next, as in GridRow's style */
const AROUND = 16;
/** px of the count of the others, for up to two figures */
const MORE = 26;
/** Words kept measured; a list shows far fewer distinct tags. */
const MOST = 5_000;

const known = new Map<string, number>();
let pen: CanvasRenderingContext2D | null = null;

/** px of a tag's words in the grid's 11 px */
function wordWidth(tag: string): number {
  let width = known.get(tag);
  if (width === undefined) {
    if (!pen) {
      pen = document.createElement('canvas').getContext('2d');
      if (pen) pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    }
    width = pen ? Math.ceil(pen.measureText(tag).width) : tag.length * 6;
    if (known.size >= MOST) known.clear();
    known.set(tag, width);
  }
  return width;
}

/** A single tag that does not fit is cut; of several, 0 when not even the first fits. `room` in px. */
export function fittingTags(tags: readonly string[], room: number, widthOf = wordWidth): number {
  const sizes = tags.map((tag) => widthOf(tag) + AROUND);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= room) return tags.length;
  let left = room - MORE;
  const over = sizes.findIndex((size) => (left -= size) < 0);
  return tags.length === 1 ? 1 : over;
}
