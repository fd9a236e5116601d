// Prints lines of several sources, each with a prefix that says whose it is.
import type { Colours, Io } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import { readableLine } from './readable.ts';

export type LogPrinter = {
  line(title: string, line: string): void;
  // What is said besides the lines, such as why a pod waits.
  note(title: string, text: string): void;
};

type Paint = (text: string) => string;

const palette = ({ cyan, magenta, blue, green, yellow }: Colours): Paint[] => [cyan, magenta, blue, green, yellow];

// `raw`: the lines as the agents wrote them, for tools.
export const logPrinter = (raw: boolean, { out, err, colours, errorColours }: Io): LogPrinter => {
  const paints = palette(colours);
  const paintOf = new Map<string, Paint>();
  const prefix = (title: string): string => {
    const paint = paintOf.get(title) ?? paints[paintOf.size % paints.length] ?? String;
    paintOf.set(title, paint);
    return paint(`[${oneLine(title)}]`);
  };
  return {
    line: (title, line) => out(raw ? `${line}\n` : `${prefix(title)} ${readableLine(line, colours)}\n`),
    note: (title, text) => err(`${errorColours.yellow(`[${oneLine(title)}]`)} ${oneLine(text)}\n`),
  };
};
