// How what is remembered is told: always with its age.
import { distanceText, timeText } from '../common/figures.ts';
import { oneLine } from '../common/printable.ts';
import type { Remembered } from './stored.ts';

export const rememberedText = (
  { metadata: { namespace, name }, savedTime }: Pick<Remembered, 'metadata' | 'savedTime'>,
  now: number,
): string =>
  oneLine(
    `What is known of ${namespace}/${name} is of ${timeText(savedTime)} (${distanceText(savedTime, now)}), as this machine read it then.`,
  );
