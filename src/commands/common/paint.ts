// Colours of words that say how something stands. Unknown words stay as they are.
import type { Colours } from './io.ts';

const colourOf: Record<string, 'green' | 'yellow' | 'red'> = {
  True: 'green',
  Complete: 'green',
  Passed: 'green',
  Sealed: 'green',
  Succeeded: 'green',
  Met: 'green',
  Aging: 'yellow',
  Missed: 'red',
  Unknown: 'yellow',
  unknown: 'yellow',
  Pending: 'yellow',
  Running: 'yellow',
  Verifying: 'yellow',
  Suspended: 'yellow',
  Lagging: 'yellow',
  Inconclusive: 'yellow',
  PartiallyFailed: 'red',
  False: 'red',
  Failed: 'red',
};

// Colours a text by its first word: `False (InvalidKey)` is red.
export const paint = (text: string, colours: Colours): string => {
  const colour = colourOf[/^\w+/.exec(text)?.[0] ?? ''];
  return colour === undefined ? text : colours[colour](text);
};
