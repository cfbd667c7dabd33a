/** The actions of a person in the window, by the names on screen: the one place to change when a label changes. */
import { readFile } from 'node:fs/promises';
import { expect, type Locator, type Page } from '@playwright/test';

export class Window {
  readonly page: Page;
  readonly grid: Locator;
  readonly detail: Locator;

  constructor(page: Page) {
    this.page = page;
    this.grid = page.getByRole('grid');
    this.detail = page
      .getByRole('complementary', { name: /run/i })
      .or(page.getByRole('region', { name: /run detail|task run/i }));
  }

  /** Waits until rows are on screen. */
  async ready(): Promise<void> {
    await expect(this.rows().first()).toBeVisible({ timeout: 60_000 });
  }

  rows(): Locator {
    return this.grid.locator('[role=row][data-index]:not([aria-busy])');
  }

  row(text: string | RegExp): Locator {
    return this.rows().filter({ hasText: text }).first();
  }

  /** Exact number of runs in the result, from the grid itself: its row count includes the header. */
  async count(): Promise<number> {
    return Number(await this.grid.getAttribute('aria-rowcount')) - 1;
  }

  async expectCount(count: number): Promise<void> {
    await expect(this.grid).toHaveAttribute('aria-rowcount', String(count + 1));
  }

  /** Clicks a value in a list of the filter panel, e.g. ('State', 'Failed'). */
  async filter(list: string, value: string): Promise<void> {
    await this.page
      .getByRole('list', { name: list, exact: true })
      .getByRole('button', { name: new RegExp(`^${value}(,|$)`) })
      .first()
      .click();
  }

  /** The chart's tooltip is visible and nothing covers its middle. */
  async expectChartTip(): Promise<void> {
    await this.page.getByRole('group', { name: /runs over time/ }).hover();
    const tip = this.page.locator('.tip');
    await expect(tip).toBeVisible();
    const isInFront = await tip.evaluate((one: HTMLElement) => {
      const { left, top, width, height } = one.getBoundingClientRect();
      one.style.pointerEvents = 'auto';
      const found = document.elementFromPoint(left + width / 2, top + height / 2);
      one.style.pointerEvents = '';
      return one.contains(found);
    });
    expect(isInFront, 'the tip lies behind something').toBe(true);
    await this.grid.hover();
    await expect(tip).toBeHidden();
  }

  /** A click on the middle of any control in sight reaches it: nothing lies over it. `size` of the window in px. */
  async expectNothingCovered(width: number, height: number): Promise<void> {
    await this.page.setViewportSize({ width, height });
    const covered = () =>
      this.page.evaluate(() => {
        /** false when a pane that scrolls has it out of sight */
        const within = (node: Element, x: number, y: number): boolean => {
          const { parentElement: up } = node;
          if (!up) return x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
          const { left, right, top, bottom } = up.getBoundingClientRect();
          const cut = getComputedStyle(up).overflow !== 'visible';
          return !(cut && (x < left || x >= right || y < top || y >= bottom)) && within(up, x, y);
        };
        return [...document.querySelectorAll('button, input, select')].flatMap((node) => {
          if (node.closest('[inert]')) return []; // out of reach, behind an open run
          const box = node.getBoundingClientRect();
          const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
          if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || !within(node, x, y))
            return [];
          const found = document.elementFromPoint(x, y);
          const name = node.getAttribute('aria-label') ?? node.textContent;
          return node.contains(found) ? [] : `${name} lies under ${found?.className}`;
        });
      });
    await expect.poll(covered, `at ${width} × ${height}`).toEqual([]);
  }

  async addServer(name: string, apiUrl: string): Promise<void> {
    await this.page.getByRole('button', { name: /^Workspace:/ }).click();
    await this.page.getByRole('menuitem', { name: /Add a server/ }).click();
    const dialog = this.page.getByRole('dialog', { name: 'Add a server' });
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByLabel('API address').fill(apiUrl);
    await dialog.getByRole('button', { name: 'Test connection' }).click();
    await expect(dialog.getByText(/It answers/)).toBeVisible();
    await dialog.getByRole('button', { name: 'Add and sync' }).click();
    await expect(dialog).toBeHidden();
  }

  async savePreset(name: string): Promise<void> {
    await this.page.getByRole('button', { name: 'Save these filters as a preset' }).click();
    const field = this.page.getByRole('textbox', { name: 'Name of the new preset' });
    await field.fill(name);
    await field.press('Enter');
    await expect(this.preset(name)).toBeVisible();
  }

  preset(name: string): Locator {
    return this.page.getByRole('list', { name: 'Presets' }).getByRole('button', { name: new RegExp(`^${name}`) });
  }

  /** The list of exports, each an entry. */
  exports(): Locator {
    return this.page
      .getByRole('dialog', { name: 'Exports' })
      .getByRole('list', { name: 'Exports' })
      .getByRole('listitem');
  }

  /** Opens the export dialog with the usual columns as CSV and starts it; the file's place is the host's to say. */
  async export(): Promise<void> {
    await this.page.getByRole('button', { name: 'Export…' }).first().click();
    const dialog = this.page.getByRole('dialog', { name: /^Export / });
    await dialog.getByRole('button', { name: 'CSV', exact: true }).click();
    await dialog.getByRole('radio', { name: /The usual set/ }).check();
    await dialog.getByRole('checkbox', { name: /For spreadsheets/ }).uncheck();
    await this.#startExport(dialog);
  }

  /** Exports the chosen rows as JSON Lines, the server's own rows. */
  async exportChosen(): Promise<void> {
    await this.page.getByRole('group', { name: 'Chosen runs' }).getByRole('button', { name: 'Export…' }).click();
    const dialog = this.page.getByRole('dialog', { name: /^Export / });
    await dialog.getByRole('button', { name: 'JSON Lines' }).click();
    await dialog.getByRole('radio', { name: /own rows/ }).check();
    await this.#startExport(dialog);
  }

  /** Starts the export that the dialog describes, and waits until the file is whole. */
  async #startExport(dialog: Locator): Promise<void> {
    await dialog.getByRole('button', { name: /^(Export|Choose a file…)$/ }).click();
    await expect(
      this.page
        .getByRole('dialog', { name: 'Exports' })
        .getByText(/exported/)
        .first(),
    ).toBeVisible();
  }

  async expectChosen(count: number): Promise<void> {
    const bar = this.page.getByRole('group', { name: 'Chosen runs' });
    if (count === 0) await expect(bar).toBeHidden();
    else await expect(bar).toContainText(`${count} chosen`);
  }

  /** What is on the clipboard, pasted into a field of its own, which keeps the lines; the focus stays where it was. */
  async pasted(): Promise<string> {
    const field = await this.page.evaluateHandle(() => {
      const made = Object.assign(document.createElement('textarea'), {
        focused: document.activeElement as HTMLElement | null,
      });
      document.body.append(made);
      made.focus();
      return made;
    });
    await this.page.keyboard.press('ControlOrMeta+v');
    return field.evaluate((made) => {
      made.remove();
      made.focused?.focus();
      return made.value;
    });
  }

  /** Copies by an entry of a "Copy … as…" menu. `said`: what the window then says. Returns what can be pasted. */
  async copied(what: string, entry: string, said: string | RegExp): Promise<string> {
    await this.page.getByRole('button', { name: `Copy ${what} as…` }).click();
    await this.page.getByRole('menuitem', { name: entry, exact: true }).click();
    await expect(this.page.getByText(said)).toBeVisible();
    await expect(this.page.getByRole('menu')).toBeHidden();
    return this.pasted();
  }

  async openCase(path: string): Promise<void> {
    await this.page.getByLabel('Case file', { exact: true }).setInputFiles({
      name: 'night.taskscope',
      mimeType: 'application/zip',
      buffer: await readFile(path),
    });
    await expect(this.page.getByRole('button', { name: 'Workspace: night' })).toBeVisible();
  }

  /** Drags a file over the window and drops it there. */
  async drop(name: string, bytes: Buffer): Promise<void> {
    const transfer = await this.page.evaluateHandle(
      ([base64, called]) => {
        const made = new DataTransfer();
        made.items.add(new File([Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))], called));
        return made;
      },
      [bytes.toString('base64'), name] as const,
    );
    await this.page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
    await expect(this.page.getByText('Drop a case file to open it')).toBeVisible();
    await this.page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  }

  async closeDialog(): Promise<void> {
    await this.page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  }
}
