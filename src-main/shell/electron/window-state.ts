/** Remembers the window's size and place over restarts; a place that is on no screen now is not used. */
import { screen, type BrowserWindow, type Rectangle } from 'electron';
import { z } from 'zod';
import { fromWireError, type WireError } from '../../contract/errors.ts';
import { openJsonFile, type JsonFile } from '../../core/files/json-file.ts';

const pixels = z.number().min(-100_000).max(100_000);
const stateSchema = z.object({
  bounds: z.object({ x: pixels, y: pixels, width: pixels, height: pixels }).nullable(),
  maximized: z.boolean(),
});
type State = z.infer<typeof stateSchema>;

const SAVE_AFTER = 500; // ms without an event: dragging gives hundreds
const FIRST = { width: 1440, height: 900 };

export type WindowState = { bounds(): Partial<Rectangle>; follow(window: BrowserWindow): void };

export async function openWindowState(path: string, readOnly: WireError | null): Promise<WindowState> {
  const file: JsonFile<State> = await openJsonFile(
    path,
    stateSchema,
    { bounds: null, maximized: false },
    { holds: 'window sizes', readOnly: readOnly && fromWireError(readOnly) },
  );
  return {
    bounds: () => {
      const { bounds } = file.get();
      return bounds && isVisible(bounds) ? bounds : FIRST;
    },
    follow: (window) => {
      if (file.get().maximized) window.maximize();
      let timer: NodeJS.Timeout | null = null;
      const save = () => {
        if (window.isDestroyed() || readOnly !== null) return;
        const state = { bounds: window.getNormalBounds(), maximized: window.isMaximized() };
        file.change(() => state).catch(() => undefined); // a lost window size is not worth a message
      };
      const later = () => {
        if (timer) clearTimeout(timer);
        timer = setTimeout(save, SAVE_AFTER);
      };
      window.on('resize', later);
      window.on('move', later);
      window.on('close', () => {
        if (timer) clearTimeout(timer);
        save();
      });
    },
  };
}

/** True when at least 100 px of the title bar lie on a screen: otherwise the window could not be dragged back. */
function isVisible({ x, y, width }: Rectangle): boolean {
  const HAND = 100;
  return screen.getAllDisplays().some(({ workArea: area }) => {
    const right = Math.min(x + width, area.x + area.width);
    const left = Math.max(x, area.x);
    return right - left >= HAND && y >= area.y && y < area.y + area.height - HAND;
  });
}
