/** Objects that throw when a name is read that the stand-in does not provide, instead of giving `undefined`. */

/** Names a runtime asks of any object: await, inspection, coercion. */
const asked = new Set(['then', 'toJSON', 'inspect', 'constructor', 'nodeType', '$$typeof', 'asymmetricMatch']);

/** The object as the app sees it. Methods keep working on the object itself. */
export function provided<T extends object>(name: string, object: T): T {
  return new Proxy(object, {
    get(target, property) {
      if (property in target) {
        const value: unknown = Reflect.get(target, property, target);
        return isMethod(value) ? value.bind(target) : value;
      }
      if (typeof property === 'symbol' || asked.has(property)) return undefined;
      throw new Error(`stand-in: ${name}.${property} is not provided`);
    },
    set(target, property, value) {
      if (!(property in target)) throw new Error(`stand-in: ${name}.${String(property)} cannot be set`);
      return Reflect.set(target, property, value, target);
    },
  });
}

type Method = (this: object, ...args: unknown[]) => unknown;

/** Not a class: those are used with `new`. */
function isMethod(value: unknown): value is Method {
  return typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value));
}
