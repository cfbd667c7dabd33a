/** Where the keyboard is: the way into the list, and back to where it was when what had the focus goes away. */
import { dialogs } from './dialogs.svelte.ts';
import { layout } from './layout.svelte.ts';
import { notes } from './notes.svelte.ts';
import { selection } from './selection.svelte.ts';
import { views } from './views.svelte.ts';

/** What comes and goes: the focus before it is the one to go back to. */
const PASSING = '[role="menu"], .dialog, [data-passing]';

let last: HTMLElement | null = null;
/** How each list in the window takes the focus; the last one is in front. */
let lists: (() => void)[] = [];

/** Registers the effects; call while the window's component is made. */
export function followFocus(): void {
  $effect(() => {
    const remember = ({ target }: FocusEvent) => {
      if (target instanceof HTMLElement && !target.closest(PASSING)) last = target;
    };
    document.addEventListener('focusin', remember);
    return () => document.removeEventListener('focusin', remember);
  });
  $effect(() => {
    // a button that takes itself away
    const onclick = () => void setTimeout(() => isLost() && returnFocus());
    document.addEventListener('click', onclick);
    return () => document.removeEventListener('click', onclick);
  });
  $effect(() => {
    void [dialogs.open, selection.id, notes.current, layout.panel, views.now];
    // after a dialog has put the focus where it thinks that it was
    const timer = setTimeout(returnFocus);
    return () => clearTimeout(timer);
  });
}

/** Nothing has the focus, since what had it is gone. */
const isLost = () =>
  last !== null && !last.isConnected && (document.activeElement === null || document.activeElement === document.body);

/** A list of runs says how it takes the focus, instead of the one behind it. Returns how to withdraw that. */
export function offerList(enter: () => void): () => void {
  lists.push(enter);
  // it comes with the answer, after what was clicked has gone
  if (isLost() && !document.querySelector('.dialog')) enter();
  return () => {
    lists = lists.filter((one) => one !== enter);
  };
}

export function focusList(): void {
  lists.at(-1)?.();
}

/**
 * Where nothing has the focus: to where it was last, or into the list when that is gone. For what takes itself away without a dialog, a run or
 * a view that changes.
 */
export function returnFocus(): void {
  const nowhere = document.activeElement === null || document.activeElement === document.body;
  if (!nowhere || last === null || document.querySelector('.dialog')) return;
  if (last.isConnected) last.focus({ preventScroll: true });
  if (document.activeElement === document.body) focusList();
}
