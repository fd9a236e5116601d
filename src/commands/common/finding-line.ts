// One thing that was checked, on a line: ✓ is well, ✗ is a problem, ? could not be checked.
import type { Finding, State } from '../doctor/finding.ts';
import type { Colours } from './io.ts';
import { oneLine } from './printable.ts';

const marks: Record<State, string> = { Ok: '✓', Problem: '✗', Unknown: '?' };
const colourOf = { Ok: 'green', Problem: 'red', Unknown: 'yellow' } as const;
const checkWidth = 13;

export const findingLine = ({ check, state, says, next }: Finding, colours: Colours): string => {
  const mark = colours[colourOf[state]](marks[state]);
  const advice = next === undefined ? '' : `${' '.repeat(checkWidth + 4)}${colours.bold('Next:')} ${oneLine(next)}\n`;
  return `  ${mark} ${check.padEnd(checkWidth)}${oneLine(says)}\n${advice}`;
};
