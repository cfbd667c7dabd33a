/** Where a context menu opens: px in the window, and what had the focus or was clicked. */
export type MenuPoint = { x: number; y: number; from: HTMLElement };

/** Of the right button, or of the key for menus. */
export function menuPoint(event: MouseEvent & { currentTarget: HTMLElement }): MenuPoint {
  event.preventDefault();
  event.stopPropagation();
  return { x: event.clientX, y: event.clientY, from: event.currentTarget };
}
