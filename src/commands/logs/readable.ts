// One line of an agent, as people read it: time, level, message, fields.
import { sizeText } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';

type Fields = Record<string, unknown>;

// What every line says again, or what its prefix says already.
const hidden = new Set(['kind', 'verb', 'policy', 'time', 'level', 'message']);
const levelWidth = 5;

// What is no JSON of ours is shown as it is.
export const readableLine = (line: string, colours: Colours): string => {
  const fields = parse(line);
  if (fields === undefined) {
    return oneLine(line);
  }
  const { time, level, message, rest } = wordsOf(fields);
  const shown = Object.entries(rest)
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => `${colours.dim(`${name}=`)}${valueText(value)}`);
  return [colours.dim(oneLine(time)), paintLevel(level, colours), oneLine(message), ...shown].filter((part) => part !== '').join(' ');
};

const parse = (line: string): Fields | undefined => {
  if (!line.startsWith('{')) {
    return undefined;
  }
  try {
    return JSON.parse(line) as Fields;
  } catch {
    return undefined;
  }
};

type Words = { time: string; level: string; message: string; rest: Fields };

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

// Lines of the protocol have no level and no message: they get some.
const wordsOf = (fields: Fields): Words => {
  const time = text(fields['time']);
  switch (fields['kind']) {
    case 'progress': {
      const { phase, bytes, ...rest } = fields;
      return { time, level: 'info', message: `${text(phase)}: ${typeof bytes === 'number' ? sizeText(bytes) : ''}`, rest };
    }
    case 'result': {
      const { outcome, message, phases: _, ...rest } = fields;
      const failed = outcome === 'Failed';
      return { time, level: failed ? 'error' : 'info', message: [text(outcome), text(message)].filter(Boolean).join(': '), rest };
    }
    default:
      return { time, level: text(fields['level']), message: text(fields['message']), rest: fields };
  }
};

const paintLevel = (level: string, { red, yellow, dim }: Colours): string => {
  const word = oneLine(level).toUpperCase().padEnd(levelWidth);
  switch (level) {
    case 'error':
      return red(word);
    case 'warn':
      return yellow(word);
    default:
      return dim(word);
  }
};

const valueText = (value: unknown): string => {
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  return oneLine(/^[\w.:/+-]+$/.test(plain) || typeof value !== 'string' ? plain : JSON.stringify(plain));
};
