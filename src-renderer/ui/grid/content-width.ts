/** The width that cells need to show all they hold, in px. */

/** px for the sort's arrow, and for what rounding takes */
const ROOM = 4;

/**
 * Copies of the cells are laid out beside each other without a width of their own, all at once, inside `host`, whose styles they keep. `most` in px:
 * one long text does not fill the window.
 */
export function contentWidth(host: HTMLElement, cells: Iterable<Element>, most: number): number {
  const sheet = document.createElement('div');
  sheet.style.cssText =
    'position:absolute;visibility:hidden;top:0;left:0;contain:strict;width:0;height:0;overflow:hidden';
  sheet.setAttribute('aria-hidden', 'true');
  for (const cell of cells) {
    const line = document.createElement('div');
    line.style.cssText = 'width:max-content';
    const copy = cell.cloneNode(true) as HTMLElement;
    // what stands under a cell or over its edge has a width of its own
    for (const part of copy.querySelectorAll('.length, .edge, .sr-only')) part.remove();
    copy.removeAttribute('id');
    line.append(copy);
    sheet.append(line);
  }
  host.append(sheet);
  try {
    const widths = [...sheet.children].map((line) => line.getBoundingClientRect().width);
    return Math.min(most, Math.ceil(Math.max(0, ...widths)) + ROOM);
  } finally {
    sheet.remove();
  }
}
