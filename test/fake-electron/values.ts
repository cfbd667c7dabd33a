/**
 * Values on their way between the page, the preload and main. Real Electron clones them (structured clone); CDP carries
 * text. So each value is first cloned, which refuses what Electron refuses (functions, proxies such as Svelte's state),
 * then spelled as JSON with tags for what JSON lacks. `spell` and `read` also run in the page: they use nothing from outside.
 */
export function spell(value: unknown): string {
  const tag = (one: unknown): unknown => {
    if (one === undefined) return { $: 'undefined' };
    if (typeof one === 'bigint') return { $: 'bigint', v: String(one) };
    if (typeof one === 'number' && !Number.isFinite(one)) return { $: 'number', v: String(one) };
    if (typeof one !== 'object' || one === null) return one;
    if (Array.isArray(one)) return one.map(tag);
    if (one instanceof Date) return { $: 'date', v: one.getTime() };
    if (one instanceof Uint8Array) return { $: 'bytes', v: [...one] };
    if (one instanceof Map) return { $: 'map', v: [...one].map(([key, item]) => [tag(key), tag(item)]) };
    if (one instanceof Set) return { $: 'set', v: [...one].map(tag) };
    const prototype: unknown = Object.getPrototypeOf(one);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
      throw new Error(`stand-in: cannot carry a ${one.constructor.name}`);
    return { $: 'object', v: Object.entries(one).map(([key, item]) => [key, tag(item)]) };
  };
  return JSON.stringify(tag(structuredClone(value)));
}

export function read(text: string): unknown {
  const untag = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(untag);
    if (typeof one !== 'object' || one === null) return one;
    const { $: kind, v } = one as { $: string; v: never };
    switch (kind) {
      case 'bigint':
        return BigInt(v);
      case 'number':
        return Number(v);
      case 'date':
        return new Date(v);
      case 'bytes':
        return Uint8Array.from(v);
      case 'map':
        return new Map((v as [unknown, unknown][]).map(([key, item]) => [untag(key), untag(item)]));
      case 'set':
        return new Set((v as unknown[]).map(untag));
      case 'object':
        return Object.fromEntries((v as [string, unknown][]).map(([key, item]) => [key, untag(item)]));
      default:
        return undefined;
    }
  };
  return untag(JSON.parse(text));
}
