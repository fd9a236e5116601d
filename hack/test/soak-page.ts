// test/soak.md: how the last long run of the random tests ended.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './groups.ts';
import type { Result } from './run-group.ts';

export type SoakRow = Result & { file: string; rounds: number; seconds: number };

const line = (cells: (string | number)[]): string => `| ${cells.join(' | ')} |`;

export const writeSoakPage = (rows: readonly SoakRow[], day: string): void => {
  const failures = rows.flatMap(({ file, failures: all }) => all.map(({ title }) => `- ${file}: ${title}`));
  const text = [
    '<!-- Written by `make soak`. Do not edit. -->',
    '# The last soak',
    '',
    `Files of tests that draw random cases, with many more rounds than \`make test\` gives them, on ${day}. A file that is not named was not reached. The faults on a real cluster are in [docs/fault-matrix.md](../docs/fault-matrix.md).`,
    '',
    line(['file', 'rounds', 'passed', 'failed', 'seconds']),
    line(['---', '---', '---', '---', '---']),
    ...rows.map(({ file, rounds, passed, failed, seconds }) => line([file, rounds, passed, failed, seconds])),
    ...(failures.length === 0 ? [] : ['', 'Failed:', '', ...failures]),
    '',
  ];
  writeFileSync(join(root, 'test/soak.md'), text.join('\n'));
};
