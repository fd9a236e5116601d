// So many at once, then so many in a time: for each key of its own.
export type TokenBuckets = {
  // Takes one; false: there is none left.
  take(key: string): boolean;
};

export type BucketSettings = { burst: number; refillMilliseconds: number };

const mostKeys = 10_000;

export const createTokenBuckets = (
  { burst, refillMilliseconds }: BucketSettings,
  now: () => number = () => performance.now(),
): TokenBuckets => {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const filled = ({ tokens, at }: { tokens: number; at: number }): number => Math.min(burst, tokens + (now() - at) / refillMilliseconds);
  // Full ones need not be remembered.
  const prune = (): void => {
    for (const [key, bucket] of buckets) {
      if (filled(bucket) >= burst) {
        buckets.delete(key);
      }
    }
  };
  return {
    take(key) {
      if (buckets.size >= mostKeys) {
        prune();
      }
      const tokens = filled(buckets.get(key) ?? { tokens: burst, at: now() });
      buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now() });
      return tokens >= 1;
    },
  };
};
