/**
 * Scaled scroll: a list taller than a browser can lay out, in a scroller that stays short. Chromium clamps an element at
 * 33,554,428 px and Firefox collapses one above 17,895,697 px to nothing, so the spacer never grows past 8,000,000 px.
 *
 * Two rulers: `scroll` is the scroller's scrollTop, `top` the place in the whole list, and `top = scroll + offset`. Small
 * moves (wheel, touch) keep the offset, so the list follows pixel for pixel; a far move or a held thumb maps the whole
 * range. The drift that small moves leave in the thumb is corrected when the list rests (`rested`), or at once when
 * the scroller would run out of room. The outer 100,000 px at each end map one to one, which is why no frame jumps there.
 *
 * All values in px. Plain numbers in, a new state out: the component only reads and sets scrollTop.
 */
export const SPACER_MAX = 8_000_000;
/** Length at each end that maps one to one, px. */
export const EDGE = 100_000;
/**
 * A move longer than this is a jump. A wheel tick is 100 px and a hard fling some thousand a frame; one pixel
 * of a thumb on a 1,400 px track over 8,000,000 px is 5,700.
 */
const FAR = 5_000;
/** After this long without a scroll event the list rests, in ms. */
export const REST_MS = 150;

export type Extent = {
  /** rows × row height */
  total: number;
  /** height of the element that makes the scrollbar */
  spacer: number;
  /** what shows rows: the scroller without its header */
  view: number;
};

export type ScrollState = { scroll: number; offset: number };

/** `scroll` set when the scroller must be moved there; null when it stays where it is. */
export type Moved = { state: ScrollState; set: number | null };

export function extentOf(rows: number, rowHeight: number, view: number): Extent {
  const total = rows * rowHeight;
  return { total, spacer: Math.min(total, SPACER_MAX), view };
}

const scrollMax = (extent: Extent) => Math.max(0, extent.spacer - extent.view);
export const topMax = (extent: Extent) => Math.max(0, extent.total - extent.view);
/** offset at the far end, where the last row meets the last pixel of the scroller */
const endOffset = (extent: Extent) => extent.total - extent.spacer;
const edgeOf = (extent: Extent) => Math.min(EDGE, scrollMax(extent) / 4);
const clamp = (value: number, max: number) => Math.min(Math.max(value, 0), max);

export function topOf(state: ScrollState, extent: Extent): number {
  return clamp(state.scroll + state.offset, topMax(extent));
}

/** Where the whole range puts this scrollTop. The offset is whole, so rows stay on whole pixels. */
function offsetAt(scroll: number, extent: Extent): number {
  const edge = edgeOf(extent);
  const last = scrollMax(extent) - edge;
  if (scroll <= edge) return 0;
  if (scroll >= last) return endOffset(extent);
  return Math.round(((scroll - edge) / (last - edge)) * endOffset(extent));
}

/** The scrollTop at which the whole range shows `top`. */
function scrollAt(top: number, extent: Extent): number {
  const edge = edgeOf(extent);
  const last = topMax(extent) - edge;
  if (top <= edge) return top;
  if (top >= last) return top - endOffset(extent);
  return edge + Math.round(((top - edge) / (last - edge)) * (scrollMax(extent) - 2 * edge));
}

/** The list shows `top`, wherever it was. */
export function moveTo(top: number, extent: Extent): Moved {
  const target = clamp(top, topMax(extent));
  const scroll = scrollAt(target, extent);
  return { state: { scroll, offset: Math.round(target - scroll) }, set: scroll };
}

/** The scroller says it is at `scroll` now. `held`: the thumb is in the person's hand and must not be moved. */
export function scrolled(state: ScrollState, scroll: number, extent: Extent, held: boolean): Moved {
  if (extent.total <= extent.spacer) return { state: { scroll, offset: 0 }, set: null };
  if (held || Math.abs(scroll - state.scroll) > FAR) {
    return { state: { scroll, offset: offsetAt(scroll, extent) }, set: null };
  }
  const moved = { scroll, offset: state.offset };
  const top = topOf(moved, extent);
  const edge = edgeOf(extent);
  const atEdge = top <= edge || top >= topMax(extent) - edge;
  const noRoom = scroll < edge / 2 || scroll > scrollMax(extent) - edge / 2;
  if (!atEdge && !noRoom) return { state: moved, set: null };
  const wanted = scrollAt(top, extent);
  if (Math.abs(wanted - scroll) < 1) return { state: moved, set: null };
  return moveTo(top, extent);
}

/** The list has rested: the thumb goes to where the whole range has it. */
export function rested(state: ScrollState, extent: Extent): Moved {
  if (extent.total <= extent.spacer) return { state, set: null };
  const top = topOf(state, extent);
  if (Math.abs(scrollAt(top, extent) - state.scroll) < 1) return { state, set: null };
  return moveTo(top, extent);
}

/** The scroller was set to `asked` and says it is at `real` (browsers round to device pixels): nothing may move on screen. */
export function settled(state: ScrollState, real: number): ScrollState {
  return { scroll: real, offset: state.offset + Math.round(state.scroll - real) };
}

/** First and one past the last row on screen. */
export function visibleRows(top: number, view: number, rowHeight: number, rows: number): { from: number; to: number } {
  const from = Math.max(0, Math.min(Math.floor(top / rowHeight), rows));
  return { from, to: Math.min(rows, Math.ceil((top + view) / rowHeight)) };
}

/** The most rows that `visibleRows` ever gives. */
export const mostVisible = (view: number, rowHeight: number) => Math.ceil(view / rowHeight) + 1;

/** The least move of `top` that brings a row wholly on screen. */
export function topShowing(row: number, top: number, view: number, rowHeight: number): number {
  const above = row * rowHeight;
  const below = above + rowHeight - view;
  if (above < top) return above;
  return below > top ? below : top;
}
