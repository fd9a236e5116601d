// When a request to S3 is tried again, and after how long. The SDK's own pauses end after a second or two; a store that restarts needs half a minute.
import type { S3ClientConfig } from '@aws-sdk/client-s3';

type Strategy = Exclude<NonNullable<S3ClientConfig['retryStrategy']>, { retry: unknown }>;
type Token = Awaited<ReturnType<Strategy['acquireInitialRetryToken']>>;

const longestPauseMilliseconds = 20_000;

const token = (retries: number, pauseMilliseconds: number): Token => ({
  getRetryCount: () => retries,
  getRetryDelay: () => pauseMilliseconds,
});

// Tries up to `attempts` times, with pauses that double and are spread at random, so that many agents do not come back at once.
export const retryStrategy = (attempts: number, firstPauseMilliseconds: number): Strategy => ({
  acquireInitialRetryToken: () => Promise.resolve(token(0, 0)),
  refreshRetryTokenForRetry: (last, { errorType, retryAfterHint }) => {
    const retries = last.getRetryCount() + 1;
    if ((errorType !== 'THROTTLING' && errorType !== 'TRANSIENT') || retries >= attempts) {
      return Promise.reject(new Error('not tried again'));
    }
    const asked = retryAfterHint === undefined ? 0 : retryAfterHint.getTime() - Date.now();
    const own = firstPauseMilliseconds * 2 ** (retries - 1) * (0.5 + Math.random() / 2);
    return Promise.resolve(token(retries, Math.min(longestPauseMilliseconds, Math.max(own, asked))));
  },
  recordSuccess: () => undefined,
});
