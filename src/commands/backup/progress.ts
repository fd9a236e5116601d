// What is seen of a running Backup: on a terminal one line that is written over and over, else a line for each thing that is new.
import type { Backup } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { durationText, sizeText } from '../common/figures.ts';
import type { Io } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';

export type ProgressPrinter = {
  show(backup: Backup): void;
  // Something besides, on a line of its own.
  note(text: string): void;
  // Leaves the line that is written over.
  end(): void;
};

// What changes all the time: shown on a terminal only.
export type ProgressText = { steady: string; moving: string };

export const progressText = ({ status }: Backup, now: number): ProgressText => {
  const { phase = 'Pending', startTime, progress } = status ?? {};
  const message = findCondition(status?.conditions, 'Succeeded')?.message;
  const step =
    progress === undefined || phase !== 'Running'
      ? ''
      : ` · ${progress.component === undefined ? '' : `${progress.component}: `}${progress.phase}`;
  return {
    steady: oneLine(`${phase}${message === undefined ? '' : `: ${message}`}${step}`),
    moving: [
      ...(step === '' || progress === undefined ? [] : [sizeText(progress.bytes)]),
      ...(startTime === undefined ? [] : [durationText(Math.max(0, now - Date.parse(startTime)))]),
    ].join(', '),
  };
};

const clearLine = '\r\u001b[K';

export const progressPrinter = ({ err, errorTerminal, columns = 80, now }: Io): ProgressPrinter => {
  let last = '';
  let open = false;
  const end = (): void => {
    if (open) {
      err(clearLine);
      open = false;
    }
  };
  return {
    show(backup) {
      const { steady, moving } = progressText(backup, now());
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
