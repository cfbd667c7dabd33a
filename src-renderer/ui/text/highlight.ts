/**
 * Marks what was searched for in text that is already on the page. The marks are the browser's highlights, drawn over the text: no element is
 * added, so nothing moves and selections stay.
 */
import type { Attachment } from 'svelte/attachments';

/** As the style sheet names it. */
const NAME = 'found';
/** Pieces of text that are looked at, and characters of each: a raw JSON may have 100,000. */
const MOST_PIECES = 5_000;
const MOST_CHARACTERS = 20_000;
/** A hit lies within one of these. */
const PIECE = '[role="gridcell"], .tag, .message, p, li, td, th, dt, dd, pre, h3, summary, div';
/** No text of the run. */
const SKIPPED = 'button, input, select, time, [data-unmarked]';

/** All that is marked, by what it is within. */
const marked = new Map<Element, Range[]>();

function show(): void {
  if (!('highlights' in CSS)) return; // an old browser shows the text without marks
  CSS.highlights.set(NAME, new Highlight(...[...marked.values()].flat()));
}

/** `hits`: places in a text; null: nothing is searched for. */
export function highlighted(hits: ((text: string) => [from: number, to: number][]) | null): Attachment<HTMLElement> {
  return (within) => {
    if (!hits) return;
    let waiting: number | null = null;
    const look = () => {
      waiting = null;
      marked.set(within, rangesOf(within, hits));
      show();
    };
    const soon = () => (waiting ??= requestAnimationFrame(look));
    soon();
    const changes = new MutationObserver(soon);
    changes.observe(within, { childList: true, characterData: true, subtree: true });
    return () => {
      changes.disconnect();
      if (waiting !== null) cancelAnimationFrame(waiting);
      marked.delete(within);
      show();
    };
  };
}

function rangesOf(within: HTMLElement, hits: (text: string) => [from: number, to: number][]): Range[] {
  const pieces = new Map<Element, Text[]>();
  const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && pieces.size < MOST_PIECES; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!element || element.closest(SKIPPED)) continue;
    const piece = element.closest(PIECE) ?? within;
    const texts = pieces.get(piece);
    if (texts) texts.push(node as Text);
    else pieces.set(piece, [node as Text]);
  }
  return [...pieces.values()].flatMap((texts) => {
    const all = texts
      .map(({ data }) => data)
      .join('')
      .slice(0, MOST_CHARACTERS);
    return hits(all).map(([from, to]) => rangeOf(texts, from, to));
  });
}

/** The range of two places in the texts that stand one after another. */
function rangeOf(texts: readonly Text[], from: number, to: number): Range {
  const range = new Range();
  let place = 0;
  for (const text of texts) {
    const end = place + text.length;
    if (from >= place && from < end) range.setStart(text, from - place);
    if (to > place && to <= end) {
      range.setEnd(text, to - place);
      break;
    }
    place = end;
  }
  return range;
}
