// How sizes, durations and instants look. What was not measured is "unknown", never 0.
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import { instantOf, second } from '../../core/plan/time.ts';

export const unknown = 'unknown';

export const sizeText = (bytes: number | undefined): string => (bytes === undefined ? unknown : prettyBytes(bytes));

// The two largest units: `3h 12m`.
export const durationText = (milliseconds: number): string =>
  milliseconds < second ? 'under 1s' : prettyMilliseconds(Math.floor(milliseconds / second) * second, { unitCount: 2 });

// How long ago an instant was, or how far away it is: `3h 12m ago`, `in 5m`.
export const distanceText = (time: string | undefined, now: number): string => {
  const instant = instantOf(time);
  if (instant === undefined) {
    return unknown;
  }
  return instant > now ? `in ${durationText(instant - now)}` : `${durationText(now - instant)} ago`;
};

// An instant as it is written in a status, in whole seconds.
export const timeText = (time: string | undefined): string => {
  const instant = instantOf(time);
  return instant === undefined ? unknown : `${new Date(instant).toISOString().slice(0, 19)}Z`;
};
