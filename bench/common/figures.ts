// Medians, and how numbers are shown.

export type Spread = { median: number; min: number; max: number };

export const spread = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return { median: (low + high) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
};

// The value of which so many of a hundred are not above it (nearest rank).
export const percentile = (values: readonly number[], percent: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil((values.length * percent) / 100) - 1)] ?? Number.NaN;

export const median = (values: readonly number[]): number => spread(values).median;

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

export const mebibytes = (bytes: number): number => bytes / 1024 ** 2;
