/** Whether this machine's network is paid for by what goes over it, as far as the system says so to a page. */
import type { Api } from '../../client.ts';

/** The web platform's NetworkInformation; Chromium has it, and says `type` on some systems only. */
type Connection = EventTarget & { saveData?: boolean; type?: string };

export function isMetered({ saveData, type }: Pick<Connection, 'saveData' | 'type'>): boolean {
  return saveData === true || type === 'cellular';
}

export class Network {
  private readonly connection = (navigator as Navigator & { connection?: Connection }).connection;

  /** Tells the core; nothing is told where the system says nothing. */
  async report(api: Api): Promise<void> {
    if (this.connection) await api['sync.network']({ metered: isMetered(this.connection) });
  }

  watch(onchange: () => void): () => void {
    this.connection?.addEventListener('change', onchange);
    return () => this.connection?.removeEventListener('change', onchange);
  }
}
