// How far a restore is: on a terminal one line that is written over and over, else a line every ten seconds.
import { sizeText } from '../common/figures.ts';
import type { Io } from '../common/io.ts';

const everyMilliseconds = 10_000;
const terminalMilliseconds = 200;
const clearLine = '\r\u001b[K';

export type RestoreProgress = { show: (what: string, bytes: number, ofBytes: number) => void; end: () => void };

export const restoreProgress = ({ err, errorTerminal, now }: Pick<Io, 'err' | 'errorTerminal' | 'now'>): RestoreProgress => {
  let last = now();
  let open = false;
  return {
    show(what, bytes, ofBytes) {
      if (now() - last < (errorTerminal ? terminalMilliseconds : everyMilliseconds)) {
        return;
      }
      last = now();
      const share = ofBytes === 0 ? 100 : Math.floor((bytes / ofBytes) * 100);
      const text = `${what}: ${sizeText(bytes)} of ${sizeText(ofBytes)} (${share} %)`;
      err(errorTerminal ? `${clearLine}${text}` : `${text}\n`);
      open = errorTerminal;
    },
    end() {
      if (open) {
        err(clearLine);
        open = false;
      }
    },
  };
};
