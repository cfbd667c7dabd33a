/**
 * One tab stop for a list of many: arrows, Home and End move among the `[data-roving]` elements inside the node. A panel
 * with a hundred values would otherwise put a hundred stops between the query bar and the grid.
 */
import type { Attachment } from 'svelte/attachments';

export const roving: Attachment<HTMLElement> = (node) => {
  const stops = () => [...node.querySelectorAll<HTMLElement>('[data-roving]')];

  const settle = (current: HTMLElement | null) => {
    const all = stops();
    const home = current && all.includes(current) ? current : (all.find((one) => one.tabIndex === 0) ?? all[0]);
    for (const one of all) one.tabIndex = one === home ? 0 : -1;
  };

  const onKeydown = (event: KeyboardEvent) => {
    const all = stops();
    const at = all.indexOf(event.target as HTMLElement);
    if (at < 0) return;
    const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
    const next = all[to[event.key] ?? -1];
    if (!next || !(event.key in to)) return;
    event.preventDefault();
    event.stopPropagation();
    settle(next);
    next.focus();
  };
  const onFocus = (event: FocusEvent) => settle(event.target as HTMLElement);

  settle(null);
  // rows come and go with every answer; one of them must stay reachable by Tab
  const observer = new MutationObserver(() => settle(document.activeElement as HTMLElement | null));
  observer.observe(node, { childList: true, subtree: true });
  node.addEventListener('keydown', onKeydown);
  node.addEventListener('focusin', onFocus);
  return () => {
    observer.disconnect();
    node.removeEventListener('keydown', onKeydown);
    node.removeEventListener('focusin', onFocus);
  };
};
