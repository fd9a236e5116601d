// Instants are milliseconds since 1970 inside, and RFC 3339 in whole seconds in a status, as Kubernetes writes them.

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

const seconds = { d: 86_400, h: 3600, m: 60, s: 1 } as const;

// Reads a duration such as `1h30m`.
export const durationMilliseconds = (text: string): number =>
  [...text.matchAll(/(\d+)([dhms])/g)].reduce((sum, [, amount, unit]) => sum + Number(amount) * seconds[unit as 'd' | 'h' | 'm' | 's'], 0) *
  second;

export const isoTime = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

// Undefined where the text is no instant.
export const instantOf = (text: string | undefined): number | undefined => {
  const found = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(found) ? undefined : found;
};

// 20261122T020000Z: sorts as text.
export const compactTime = (milliseconds: number): string => isoTime(milliseconds).replaceAll(/[-:]/g, '');

// How long to wait after failure number `failures`: doubles each time, up to a limit.
export const doubling = (failures: number, first: number, most: number): number =>
  Math.min(most, first * 2 ** Math.min(30, Math.max(0, failures - 1)));

// The earliest of some instants from now on, in milliseconds to wait.
export const soonest = (...waits: (number | undefined)[]): number | undefined => {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? undefined : Math.max(0, Math.min(...known));
};
