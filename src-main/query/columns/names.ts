/**
 * Names in two parts. Prefect names a task run `<task>-<3 hex digits>` and a flow run `<adjective>-<animal>`, so a million mostly distinct
 * names are a few thousand heads (with the dash) times a few thousand suffixes. That takes 6 bytes a row, and a pattern runs over the
 * parts only. When the suffixes are full, a name with a new suffix is kept whole as a head.
 */

/** Folds a text for comparing without regard to case. */
export type Fold = (text: string) => string;

const MAX_SUFFIXES = 65_535;
/** Characters. Longer suffixes are hardly ever shared between names. */
const MAX_SUFFIX_LENGTH = 24;

/** The value of a lower-case hex digit, 16 for other characters. */
const hexValue = Uint8Array.from({ length: 128 }, (_, code) => {
  const at = '0123456789abcdef'.indexOf(String.fromCharCode(code));
  return at < 0 ? 16 : at;
});

/** The value of the three hex digits from `cut` to the end; -1 when the name does not end in three. */
function hexTail(name: string, cut: number): number {
  if (name.length - cut !== 3) return -1;
  let value = 0;
  for (let i = cut; i < name.length; i++) {
    const code = name.charCodeAt(i);
    const digit = code < 128 ? hexValue[code] : 16;
    if (digit === 16) return -1;
    value = value * 16 + digit;
  }
  return value;
}

export class Names {
  /** [0] stands for "no name". */
  readonly heads: string[] = [''];
  /** [0] is the empty suffix. */
  readonly suffixes: string[] = [''];
  readonly #headIndex = new Map<string, number>();
  readonly #suffixIndex = new Map<string, number>([['', 0]]);
  /** Suffix by the value of the three hex digits that Prefect appends: found without cutting and hashing a text. */
  readonly #hexSuffix = new Uint16Array(4096);
  #folded: { fold: Fold; heads: string[]; suffixes: string[] } | null = null;
  /** Result of the last `intern` or `find`: two fields, so that a million rows do not allocate a pair each. */
  head = 0;
  suffix = 0;

  /** Sets `head` and `suffix` to those of the name, which is added when it is new. */
  intern(name: string | null): void {
    if (name === null) {
      this.head = 0;
      this.suffix = 0;
      return;
    }
    const cut = name.lastIndexOf('-') + 1;
    let suffix: number | undefined = 0;
    if (cut > 0 && name.length - cut <= MAX_SUFFIX_LENGTH) {
      const digits = hexTail(name, cut);
      suffix = digits < 0 ? this.#suffix(name.slice(cut)) : this.#hexSuffix[digits] || undefined;
      if (suffix === undefined && digits >= 0) {
        suffix = this.#suffix(name.slice(cut));
        this.#hexSuffix[digits] = suffix ?? 0;
      }
    }
    const text = suffix ? name.slice(0, cut) : name;
    let head = this.#headIndex.get(text);
    if (head === undefined) {
      head = this.heads.push(text) - 1;
      this.#headIndex.set(text, head);
    }
    this.head = head;
    this.suffix = suffix ?? 0;
  }

  /** undefined when the suffixes are full. */
  #suffix(tail: string): number | undefined {
    let suffix = this.#suffixIndex.get(tail);
    if (suffix === undefined && this.suffixes.length < MAX_SUFFIXES) {
      suffix = this.suffixes.push(tail) - 1;
      this.#suffixIndex.set(tail, suffix);
    }
    return suffix;
  }

  /** Sets `head` and `suffix` to those of a known name; false when no row ever had it. */
  find(name: string): boolean {
    const cut = name.lastIndexOf('-') + 1;
    const suffix =
      cut > 0 && name.length - cut <= MAX_SUFFIX_LENGTH ? (this.#suffixIndex.get(name.slice(cut)) ?? 0) : 0;
    const head = this.#headIndex.get(suffix ? name.slice(0, cut) : name);
    if (head === undefined) return false;
    this.head = head;
    this.suffix = suffix;
    return true;
  }

  text(head: number, suffix: number): string | null {
    if (head === 0) return null;
    return suffix === 0 ? this.heads[head] : this.heads[head] + this.suffixes[suffix];
  }

  /** Heads and suffixes folded by `fold`. Those of the last fold are kept and extended as names are added. */
  folded(fold: Fold): { heads: readonly string[]; suffixes: readonly string[] } {
    if (this.#folded?.fold !== fold) this.#folded = { fold, heads: [], suffixes: [] };
    const { heads, suffixes } = this.#folded;
    while (heads.length < this.heads.length) heads.push(fold(this.heads[heads.length]));
    while (suffixes.length < this.suffixes.length) suffixes.push(fold(this.suffixes[suffixes.length]));
    return this.#folded;
  }

  /** Fills empty names from a snapshot. */
  restore(heads: readonly string[], suffixes: readonly string[]): void {
    for (let i = 1; i < suffixes.length; i++) this.#suffixIndex.set(suffixes[i], this.suffixes.push(suffixes[i]) - 1);
    for (let i = 1; i < heads.length; i++) this.#headIndex.set(heads[i], this.heads.push(heads[i]) - 1);
  }
}
