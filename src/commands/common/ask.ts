// A question on the terminal. Ctrl-C and Ctrl-D answer nothing, which is never a yes.
import { createInterface } from 'node:readline/promises';

export const askOnTerminal = async (question: string): Promise<string> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const left = new AbortController();
  lines.on('SIGINT', () => left.abort());
  lines.on('close', () => left.abort());
  try {
    return (await lines.question(question, { signal: left.signal })).trim();
  } catch {
    process.stderr.write('\n');
    return '';
  } finally {
    lines.close();
  }
};
