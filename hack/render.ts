// Renders manifests/install.yaml from the chart. `--check` writes nothing and fails where it is stale. Needs helm on PATH.
import { staleReport, writeAll } from './generate/files.ts';
import { installYaml } from './generate/install.ts';

const files = [{ path: 'manifests/install.yaml', text: await installYaml() }];
if (process.argv.includes('--check')) {
  const report = await staleReport(files, 'node hack/render.ts');
  if (report !== undefined) {
    console.error(report);
    process.exit(1);
  }
  console.log('manifests/install.yaml is up to date');
} else {
  for (const path of await writeAll(files)) {
    console.log(`wrote ${path}`);
  }
}
