/** Where a context menu opens: px in the window, and what had the focus or was clicked. */
export type MenuPoint = { x: number; y: number; from: HTMLElement };
/** `checked`: a switch, and how it stands. */
export type MenuItem =
  { label: string; run: () => void; disabled?: boolean; danger?: boolean; checked?: boolean } | 'line';

/** Under the button that opens a menu. */
export function pointUnder(button: HTMLElement): MenuPoint {
  const { left, bottom } = button.getBoundingClientRect();
  return { x: left, y: bottom, from: button };
}

/** Of the right button, or of the key for menus. */
export function menuPoint(event: MouseEvent & { currentTarget: HTMLElement }): MenuPoint {
  event.preventDefault();
  event.stopPropagation();
  return { x: event.clientX, y: event.clientY, from: event.currentTarget };
}
