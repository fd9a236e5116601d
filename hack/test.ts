// Runs steps one after the other, and sums their tests. The last line is `N passed, N failed`.
// usage: node hack/test.ts STEP...     where a step is one of: check unit cluster-up images cluster demo e2e soak matrix
import { group, soaks } from './test/groups.ts';
import { type Result, runGroup } from './test/run-group.ts';
import { lastWords } from './test/last-words.ts';
import { runCounted, runScript } from './test/run-script.ts';
import { type SoakRow, writeSoakPage } from './test/soak-page.ts';

const startedAt = Date.now();
const seconds = (since: number): number => Math.round((Date.now() - since) / 1000);
const say = (line: string): void => console.log(`${String(seconds(startedAt)).padStart(4)}s  ${line}`);

// `needs` are steps that must not have failed in this run.
type Step = { needs: string[]; run: () => Promise<Result> };

// Fails, too, where there is nothing to soak.
const runSoaks = async (): Promise<Result> => {
  const sum: Result = { passed: 0, failed: soaks().length === 0 ? 1 : 0, skipped: 0, failures: [] };
  const rows: SoakRow[] = [];
  for (const { group: files, rounds } of soaks()) {
    const file = files.lanes.flat().join(' ');
    const begun = Date.now();
    say(`${file}: ${rounds} rounds`);
    const result = await runGroup('soak', files, say, { ROUNDS: String(rounds) });
    rows.push({ ...result, file, rounds, seconds: seconds(begun) });
    writeSoakPage(rows, new Date().toISOString().slice(0, 10));
    sum.passed += result.passed;
    sum.failed += result.failed;
    sum.skipped += result.skipped;
    sum.failures.push(...result.failures);
  }
  return sum;
};

const steps: Record<string, Step> = {
  check: { needs: [], run: () => runScript('check', ['hack/check'], say) },
  unit: { needs: [], run: () => runGroup('unit', group('unit'), say) },
  'cluster-up': { needs: [], run: () => runScript('cluster-up', ['hack/cluster', 'up'], say) },
  // Pods need the pause image too.
  images: { needs: ['cluster-up'], run: () => runScript('images', ['hack/images/build', 'all'], say) },
  cluster: { needs: ['cluster-up', 'images'], run: () => runGroup('cluster', group('cluster'), say) },
  demo: { needs: ['cluster-up', 'images'], run: () => runScript('demo', ['hack/demo/up'], say) },
  e2e: { needs: ['cluster-up', 'images', 'demo'], run: () => runGroup('e2e', group('e2e'), say) },
  soak: { needs: [], run: runSoaks },
  // FAULT and PHASE choose a part.
  matrix: { needs: ['cluster-up', 'images', 'demo'], run: () => runCounted('matrix', ['node', 'test/soak/run.ts'], say) },
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => steps[name] === undefined);
if (names.length === 0 || unknown.length > 0) {
  console.error(`usage: node hack/test.ts STEP...  where a step is one of: ${Object.keys(steps).join(' ')}`);
  process.exit(2);
}

const table: (Result & { name: string; seconds: number })[] = [];
for (const name of names) {
  const step = steps[name];
  const blocker = step?.needs.find((needed) => table.some((row) => row.name === needed && row.failed > 0));
  const begun = Date.now();
  say(`== ${name}${blocker === undefined ? '' : `: left out, because ${blocker} failed`}`);
  if (step !== undefined && blocker === undefined) {
    table.push({ name, ...(await step.run()), seconds: seconds(begun) });
  }
}

const sum = (pick: (row: Result) => number): number => table.reduce((total, row) => total + pick(row), 0);
// The first lines of a failure say what was expected, and where.
for (const { name, failures } of table) {
  for (const { title, details } of failures) {
    console.log(`\n${name}: FAILED ${title}`);
    details.slice(0, 25).forEach((line) => console.log(line));
  }
}
console.log();
for (const { name, seconds: took, passed, failed, skipped } of table) {
  console.log(`${name.padEnd(10)} ${String(took).padStart(5)} s   ${passed} passed, ${failed} failed, ${skipped} skipped`);
}
process.exitCode = sum((row) => row.failed) > 0 ? 1 : 0;
lastWords(table).forEach((line) => console.log(line));
console.log(`${sum((row) => row.passed)} passed, ${sum((row) => row.failed)} failed`);
