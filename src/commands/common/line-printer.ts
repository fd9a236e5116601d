// How something that runs is shown: on a terminal one line that is written over and over, else a line for each thing that is new.
import type { Io } from './io.ts';

// What changes all the time: shown on a terminal only.
export type ProgressText = { steady: string; moving: string };

export type LinePrinter = {
  show(text: ProgressText): void;
  // Something besides, on a line of its own.
  note(text: string): void;
  // Leaves the line that is written over.
  end(): void;
};

const clearLine = '\r\u001b[K';

export const linePrinter = ({ err, errorTerminal, columns = 80 }: Pick<Io, 'err' | 'errorTerminal' | 'columns'>): LinePrinter => {
  let last = '';
  let open = false;
  const end = (): void => {
    if (open) {
      err(clearLine);
      open = false;
    }
  };
  return {
    show({ steady, moving }) {
      if (errorTerminal) {
        const line = moving === '' ? steady : `${moving}  ${steady}`;
        err(`${clearLine}${line.slice(0, columns - 1)}`);
        open = true;
      } else if (steady !== last) {
        err(`${steady}\n`);
      }
      last = steady;
    },
    note(text) {
      end();
      err(`${text}\n`);
    },
    end,
  };
};
