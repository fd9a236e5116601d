// Shows a Restore while it is followed. On a terminal the time goes on each second, also where nothing is heard.
import type { Restore } from '../../api/objects.ts';
import type { Io } from '../common/io.ts';
import { linePrinter } from '../common/line-printer.ts';
import { progressText } from './progress.ts';

export type RestorePrinter = { show(restore: Restore): void; note(text: string): void; end(): void };

const tickMilliseconds = 1000;

export const restorePrinter = (io: Pick<Io, 'err' | 'errorTerminal' | 'columns' | 'now'>, objectiveSeconds?: number): RestorePrinter => {
  const printer = linePrinter(io);
  let seen: Restore | undefined;
  const draw = (): void => {
    if (seen !== undefined) {
      printer.show(progressText(seen, io.now(), objectiveSeconds));
    }
  };
  const ticks = io.errorTerminal ? setInterval(draw, tickMilliseconds) : undefined;
  return {
    show(restore) {
      seen = restore;
      draw();
    },
    note: (text) => printer.note(text),
    end() {
      clearInterval(ticks);
      printer.end();
    },
  };
};
