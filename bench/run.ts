// Runs one measurement. usage: WORK=full node bench/run.ts      options by environment: RUNS=5, and those that bench/README.md names
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { oneAtATime } from './common/one-at-a-time.ts';

const works = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => existsSync(join(import.meta.dirname, entry.name, 'work.ts')))
  .map(({ name }) => name);

const wanted = process.env['WORK'] ?? '';
if (!works.includes(wanted)) {
  console.error(`Which measurement? make bench WORK=…, with one of: ${works.join(', ')}.`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  console.error(
    'Measurements need root: servers run as a user of their own, and the kernel accounts for groups of processes. Run this as root.',
  );
  process.exit(2);
}
oneAtATime();
const { work } = (await import(`./${wanted}/work.ts`)) as { work: () => Promise<object> };
// The last line: for scripts.
console.log(JSON.stringify({ work: wanted, ...(await work()) }));
process.exit();
