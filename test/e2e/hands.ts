/** Two ways to use the window: with a mouse, and with the keyboard alone. A spec that takes a hand is told once and done twice. */
import { expect, type Locator, type Page } from '@playwright/test';

export type Hand = {
  name: 'mouse' | 'keyboard';
  /** presses a button or a link */
  press(target: Locator): Promise<void>;
  /** goes to a tab of the open run */
  tab(target: Locator): Promise<void>;
  /** replaces what a field holds */
  fill(field: Locator, text: string): Promise<void>;
  /** chooses from a menu */
  choose(button: Locator, item: Locator): Promise<void>;
  /** writes into the search, and goes to the first run that is left */
  search(field: Locator, text: string): Promise<void>;
  /** opens the run under the hand: the one searched for */
  open(row: Locator): Promise<void>;
};

export const mouse: Hand = {
  name: 'mouse',
  press: (target) => target.click(),
  tab: (target) => target.click(),
  fill: (field, text) => field.fill(text),
  choose: async (button, item) => {
    await button.click();
    await item.click();
  },
  search: (field, text) => field.fill(text),
  open: (row) => row.dblclick(),
};

/** More stops than the window has. */
const MOST_STOPS = 250;

export function keyboard(page: Page): Hand {
  const at = (target: Locator) => target.evaluate((one) => one === document.activeElement);
  /** Presses the key until the target has the focus. */
  const reach = async (target: Locator, key: 'Tab' | 'ArrowDown' | 'ArrowRight' = 'Tab') => {
    await expect(target).toBeVisible();
    for (let i = 0; i < MOST_STOPS; i++) {
      if (await at(target)) return;
      await page.keyboard.press(key);
    }
    throw new Error(`the keyboard does not reach ${String(target)}`);
  };
  return {
    name: 'keyboard',
    press: async (target) => {
      await reach(target);
      await page.keyboard.press('Enter');
    },
    tab: async (target) => {
      await page.keyboard.press('t');
      await expect(page.getByRole('tab', { selected: true })).toBeFocused();
      await reach(target, 'ArrowRight');
    },
    fill: async (field, text) => {
      await reach(field);
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.insertText(text);
    },
    choose: async (button, item) => {
      await reach(button);
      await page.keyboard.press('Enter');
      await reach(item, 'ArrowDown');
      await page.keyboard.press('Enter');
    },
    search: async (field, text) => {
      await page.keyboard.press('/');
      await expect(field).toBeFocused();
      await page.keyboard.insertText(text);
    },
    open: async (row) => {
      await expect(row).toBeVisible();
      await page.keyboard.press('Enter'); // from the search into the list
      await expect(page.getByRole('grid')).toBeFocused();
      await page.keyboard.press('Enter');
    },
  };
}
