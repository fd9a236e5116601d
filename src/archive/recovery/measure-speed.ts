// How fast the store gives bytes to this machine now: the beginning of what would be read, and nothing else, is the measure.
import type { ReadEstimate } from '../../core/recovery/plan.ts';
import type { Store } from '../../stores/store.ts';
import type { OpenLink } from './open-link.ts';

const sampleBytes = 16 * 1024 ** 2;
// What is smaller than this takes no time worth telling, and measures nothing but the way there.
const leastBytes = 4 * 1024 ** 2;

// Undefined: there is too little to read.
export const measureSpeed = async (
  store: Store,
  chain: readonly OpenLink[],
  fetchBytes: number,
  signal: AbortSignal,
): Promise<ReadEstimate | undefined> => {
  const volume = chain
    .flatMap(({ component }) => component.artifacts.flatMap(({ volumes }) => volumes))
    .find(({ bytes }) => bytes >= leastBytes);
  if (volume === undefined) {
    return undefined;
  }
  const start = performance.now();
  let bytes = 0;
  for await (const chunk of store.read(volume.key, { range: { start: 0, end: Math.min(volume.bytes, sampleBytes) }, signal })) {
    bytes += chunk.length;
  }
  const bytesPerSecond = Math.max(1, Math.round(bytes / ((performance.now() - start) / 1000)));
  return { seconds: Math.ceil(fetchBytes / bytesPerSecond), bytesPerSecond };
};
