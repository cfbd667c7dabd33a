/** What a click brought is scrolled into sight when it comes, where a dialog is longer than its window. */
export function inSight(node: HTMLElement): () => void {
  const seen = new MutationObserver(() => {
    if (node.childElementCount > 0) node.scrollIntoView({ block: 'nearest' });
  });
  seen.observe(node, { childList: true, subtree: true });
  return () => seen.disconnect();
}
