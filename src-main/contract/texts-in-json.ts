/** The texts in a JSON value: names and values of anything in it, in their order. Without recursion: JSON may be nested deeper than a stack goes. */
export function jsonTexts(json: unknown): string[] {
  const texts: string[] = [];
  const waiting = [json];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === 'string' || typeof value === 'number') texts.push(String(value));
    else if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i--) waiting.push(value[i]);
    else if (typeof value === 'object' && value !== null)
      for (const [name, one] of Object.entries(value).reverse()) waiting.push(one, name);
  }
  return texts;
}
