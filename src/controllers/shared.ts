// Equal parts of many objects are one in memory: thousands of objects of the API say the same things.

const mostShared = 10_000;
const longestText = 1000;

const sharing = <T>() => {
  const known = new Map<string, T>();
  return (key: string, value: T): T => {
    const found = known.get(key);
    if (found !== undefined) {
      return found;
    }
    if (known.size >= mostShared) {
      known.clear();
    }
    known.set(key, value);
    return value;
  };
};

const shareValue = sharing<unknown>();
const shareText = sharing<string>();

// The first value that was the same, or this one. Nobody may change it.
export const shared = <T>(value: T): T => shareValue(JSON.stringify(value), value) as T;

// Puts texts that were seen before in the place of equal ones, all through a value that came as JSON. It is changed, and handed back.
export const withSharedTexts = <T>(value: T): T => {
  if (typeof value === 'string') {
    return (value.length > longestText ? value : shareText(value, value)) as T;
  }
  if (typeof value === 'object' && value !== null) {
    const members = value as Record<string, unknown>;
    Object.keys(members).forEach((name) => (members[name] = withSharedTexts(members[name])));
  }
  return value;
};
