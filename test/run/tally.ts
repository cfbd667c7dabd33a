/** Counts passed, failed and skipped tests over all suites. */
export type Counts = { passed: number; failed: number; skipped: number };

export class Tally {
  #sum: Counts = { passed: 0, failed: 0, skipped: 0 };
  #lines: string[] = [];

  get failed(): number {
    return this.#sum.failed;
  }

  add(suite: string, { passed, failed, skipped }: Counts): void {
    this.#sum.passed += passed;
    this.#sum.failed += failed;
    this.#sum.skipped += skipped;
    this.#lines.push(`${suite}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  }

  /** A step that counts as one test by its exit code; true when it passed. */
  async one(name: string, work: () => Promise<number>): Promise<boolean> {
    console.log(`\n── ${name}`);
    const passed = (await work()) === 0;
    this.add(name, { passed: Number(passed), failed: Number(!passed), skipped: 0 });
    return passed;
  }

  fail(name: string, why: string): void {
    this.#sum.failed += 1;
    this.#lines.push(`${name}: FAILED: ${why}`);
  }

  skip(name: string, why: string): void {
    this.#sum.skipped += 1;
    this.#lines.push(`${name}: skipped: ${why}`);
  }

  lines(): string[] {
    return ['', ...this.#lines];
  }

  total(): string {
    const { passed, failed, skipped } = this.#sum;
    return `${passed} passed, ${failed} failed, ${skipped} skipped`;
  }
}
