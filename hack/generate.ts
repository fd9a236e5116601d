// Writes everything that is made from src/api. `--check` writes nothing and fails where a file is stale.
import { outputs } from './generate/outputs.ts';
import { staleReport, writeAll } from './generate/files.ts';

const files = outputs();
if (process.argv.includes('--check')) {
  const report = await staleReport(files, 'node hack/generate.ts');
  if (report !== undefined) {
    console.error(report);
    process.exit(1);
  }
  console.log(`${files.length} generated files are up to date`);
} else {
  for (const path of await writeAll(files)) {
    console.log(`wrote ${path}`);
  }
}
