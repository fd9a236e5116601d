// The smallest JSON merge patch (RFC 7386) from one value to another.

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

// Whether two JSON values are the same, whatever the order of keys. An undefined member counts as absent.
export const isSame = (a: unknown, b: unknown): boolean => {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, at) => isSame(item, b[at]));
  }
  if (isObject(a) && isObject(b)) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...names].every((name) => isSame(a[name], b[name]));
  }
  return a === b;
};

// What must be sent so that `from` becomes `to`: null removes a member. Undefined: nothing differs.
export const mergePatch = (from: object | undefined, to: object): Json | undefined => {
  const before = { ...from } as Json;
  const after = to as Json;
  const patch: Json = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, wanted] = [before[name], after[name]];
    if (isSame(old, wanted)) {
      continue;
    }
    patch[name] = wanted === undefined ? null : isObject(wanted) && isObject(old) ? mergePatch(old, wanted) : wanted;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
};
