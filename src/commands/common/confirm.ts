// Asks whether it is meant. Nothing that replaces data is done by somebody who only pressed Enter.
import { refused } from './errors.ts';
import type { Io } from './io.ts';

export type Wanted = {
  // What must be typed, such as `shop/shop`.
  answer: string;
  // What was given on the command line instead, and the option that it was given with: `--confirm shop/shop`.
  given: string | undefined;
  option: string;
  // What happens then, in words.
  what: string;
};

// Throws NotConfirmed, before anything is done.
export const mustBeConfirmed = async ({ answer, given, option, what }: Wanted, { ask, errorColours: { bold } }: Io): Promise<void> => {
  if (given !== undefined) {
    mustEqual(given, answer, `${option} says "${given}".`, `Add ${option} ${answer} where that is meant.`, what);
    return;
  }
  if (ask === undefined) {
    throw refused(
      'NotConfirmed',
      `${what} Nobody is here to ask: this is no terminal. Nothing was done.`,
      `Add ${option} ${answer} where that is meant.`,
    );
  }
  const typed = await ask(`${what}\nType ${bold(answer)} to go on: `);
  mustEqual(
    typed,
    answer,
    typed === '' ? 'Nothing was typed.' : `"${typed}" was typed.`,
    `Run the command again, and type ${answer} exactly.`,
    what,
  );
};

const mustEqual = (said: string, answer: string, how: string, next: string, what: string): void => {
  if (said !== answer) {
    throw refused('NotConfirmed', `${what} ${how} Nothing was done.`, next);
  }
};
