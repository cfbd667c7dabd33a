/** Scrolls a node into view when its content appears: a dialog may be longer than its window. */
export function inSight(node: HTMLElement): () => void {
  const seen = new MutationObserver(() => {
    if (node.childElementCount > 0) node.scrollIntoView({ block: 'nearest' });
  });
  seen.observe(node, { childList: true, subtree: true });
  return () => seen.disconnect();
}
