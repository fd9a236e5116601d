// The shape of the tree: sizes of files, which folder may import which, which test belongs where, and words that nobody may write.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { build } from 'esbuild';
import { plainHttp } from '../hack/bundle/plain-http.ts';
import { groupNames, groupOf, testFiles } from '../hack/test/groups.ts';
import { lastWords } from '../hack/test/last-words.ts';
import { endedWell, hiddenFailure, type TapEvent, tapReader } from '../hack/test/tap.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const sources = globSync('src/**/*.ts', { cwd: root });
const foldersOfSrc = readdirSync(join(root, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test('files of src are small: the median below 100 lines, none above 350', (t) => {
  const sizes = sources.map((file) => ({ file, lines: read(file).split('\n').length - 1 })).toSorted((a, b) => a.lines - b.lines);
  const median = sizes[Math.floor(sizes.length / 2)];
  t.true(sizes.length > 100);
  t.true(median !== undefined && median.lines < 100, `the median is ${median?.lines} lines`);
  t.deepEqual(
    sizes.filter(({ lines }) => lines > 350),
    [],
  );
});

// The table of DESIGN: which folder of src, and which entry point, may import which folders.
const mayImport: Record<string, readonly string[]> = {
  api: [],
  telemetry: [],
  core: ['api'],
  kube: ['telemetry'],
  stores: ['telemetry'],
  engines: ['api', 'telemetry'],
  archive: ['api', 'core', 'engines', 'stores', 'telemetry'],
  controllers: ['api', 'core', 'kube', 'telemetry'],
  notify: ['api', 'core', 'kube', 'telemetry'],
  server: ['api', 'core', 'kube', 'telemetry'],
  commands: ['api', 'archive', 'core', 'kube', 'telemetry'],
  'operator.ts': ['controllers', 'kube', 'notify', 'server', 'telemetry'],
  'agent.ts': ['api', 'archive', 'core', 'telemetry'],
  'cli.ts': ['commands', 'telemetry'],
};

test('every folder of src and every entry point stands in the import table', (t) => {
  const entryPoints = readdirSync(join(root, 'src')).filter((name) => name.endsWith('.ts'));
  t.deepEqual(Object.keys(mayImport).toSorted(), [...foldersOfSrc, ...entryPoints].toSorted());
});

type Planted = { file: string; imports: string; refused: boolean };

// One file for each pair of folders, flat and nested.
const plantedPairs = (): Planted[] =>
  Object.entries(mayImport).flatMap(([from, allowed]) =>
    foldersOfSrc
      .filter((to) => to !== from)
      .flatMap((to) => {
        const refused = !allowed.includes(to);
        return from.endsWith('.ts')
          ? [{ file: `src-${to}/src/${from}`, imports: `./${to}/planted.ts`, refused }]
          : [
              { file: `src/${from}/to-${to}.ts`, imports: `../${to}/planted.ts`, refused },
              { file: `src/${from}/deep/er/to-${to}.ts`, imports: `../../../${to}/deep/planted.ts`, refused },
            ];
      }),
  );

const impure: Planted[] = ['node:fs', 'node:child_process', 'pg', 'winston', 'undici', '@aws-sdk/client-s3'].map((name) => ({
  file: `src/core/plan/${name.replaceAll(/\W/g, '-')}.ts`,
  imports: name,
  refused: true,
}));

const heavy: Planted[] = [
  { file: 'src/commands/status/heavy-client.ts', imports: '../../kube/client.ts', refused: true },
  { file: 'src/commands/status/heavy-library.ts', imports: '@kubernetes/client-node', refused: true },
  { file: 'src/commands/common/cluster.ts', imports: '../../kube/client.ts', refused: false },
];

// A tree of its own with the linter's settings of this one; an entry point has a tree for each import, as it has one name only.
const lintPlanted = (planted: readonly Planted[]): Set<string> => {
  const tree = mkdtempSync(join(tmpdir(), 'holdfast-imports-'));
  try {
    const settings = read('.oxlintrc.json').replaceAll('"src/', '"**/src/');
    writeFileSync(join(tree, '.oxlintrc.json'), settings);
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    for (const { file, imports } of planted) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), `import { planted } from '${imports}';\n\nexport const used = planted;\n`);
    }
    const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules/.bin/oxlint'), '-f', 'json', '.'], {
      cwd: tree,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    if (!stdout.startsWith('{')) {
      throw new Error(`oxlint said: ${stdout}${stderr}`);
    }
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; severity: string; filename: string }[] };
    const errors = diagnostics.filter(({ code, severity }) => code.includes('no-restricted-imports') && severity === 'error');
    return new Set(errors.map(({ filename }) => filename.replace(/^\.\//, '')));
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
};

test('the linter refuses every import that the table does not allow, and no other', (t) => {
  const planted = [...plantedPairs(), ...impure, ...heavy];
  const refused = lintPlanted(planted);
  t.deepEqual(
    planted.filter((one) => one.refused && !refused.has(one.file)).map(({ file, imports }) => `${file} may import ${imports}`),
    [],
  );
  t.deepEqual(
    planted.filter((one) => !one.refused && refused.has(one.file)).map(({ file, imports }) => `${file} may not import ${imports}`),
    [],
  );
  t.true(planted.filter((one) => one.refused).length > 100);
});

const listed = (): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((file) => existsSync(join(root, file)));

// Put together from parts, so that this file does not contain them.
const either = (...words: string[][]): string => `(${words.map((parts) => parts.join('')).join('|')})`;
const forbidden: { what: string; pattern: RegExp }[] = [
  { what: 'a path of somebody’s machine', pattern: /(?<![\w.$})~-])\/(work\/(main|shared)|home\/[a-z]\w*\/|Users\/[A-Z]\w*\/)/ },
  {
    what: 'a host of a package registry',
    pattern: new RegExp(
      either(
        ['registry.np', 'mjs'],
        ['proxy.go', 'lang'],
        ['pyp', 'i.org'],
        ['python', 'hosted'],
        ['deb.de', 'bian.org'],
        ['crates', '.io'],
      ),
      'i',
    ),
  },
  {
    what: 'a tool that nobody needs to know of',
    pattern: new RegExp(`\\b${either(['cla', 'ude'], ['anth', 'ropic'], ['open', 'ai'], ['chat', 'gpt'], ['co', 'pilot'])}\\b`, 'i'),
  },
  { what: 'a placeholder', pattern: new RegExp(`\\b${either(['TO', 'DO'], ['FIX', 'ME'], ['X', 'XX'])}[:( ]`) },
  { what: 'a merge conflict', pattern: /^(<{7}|>{7}) /m },
];

test('no file names a machine’s path, a registry’s host, or anything else of the forbidden list', (t) => {
  const files = listed();
  t.true(files.length > 200);
  const found = files
    .filter((file) => !/(^|\/)(package-lock\.json|go\.sum)$/.test(file) && !file.startsWith('test/golden/'))
    .flatMap((file) => {
      const text = read(file);
      return forbidden
        .filter(({ pattern }) => pattern.test(text))
        .map(({ what, pattern }) => `${file}: ${what}: ${pattern.exec(text)?.[0]}`);
    });
  t.deepEqual(found, []);
});

test('the forbidden list finds what it is for', (t) => {
  const planted = [
    [' /wo', 'rk/main/src'],
    ['"/ho', 'me/jane/x"'],
    ['https://registry.np', 'mjs.org'],
    ['by Cla', 'ude'],
    ['// TO', 'DO: later'],
  ].map((parts) => parts.join(''));
  for (const text of planted) {
    t.true(
      forbidden.some(({ pattern }) => pattern.test(text)),
      text,
    );
  }
});

test('the README shows the policy of the demo as it is', (t) => {
  const shown = [...read('README.md').matchAll(/^```yaml\n([^]*?)^```$/gm)]
    .map(([, text]) => text)
    .find((text) => text?.includes('kind: BackupPolicy'));
  t.is(shown, read('manifests/samples/policy-shop.yaml'));
});

test('docs/postgresql.md shows the SQL of the roles as it is', (t) => {
  t.true(read('docs/postgresql.md').includes(read('manifests/postgresql/roles.sql')));
});

test('every link between documents leads somewhere', (t) => {
  const documents = listed().filter((file) => file.endsWith('.md'));
  t.true(documents.includes('README.md'));
  const broken = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(root, dirname(file), target)))
      .map((target) => `${file}: ${target}`),
  );
  t.deepEqual(broken, []);
});

test('every target of make has its line in make help', (t) => {
  const makefile = read('Makefile');
  const targets = [...makefile.matchAll(/^([a-z0-9-]+):/gm)].map(([, name]) => name);
  const explained = [...makefile.matchAll(/^([a-z0-9-]+):.* ## \S/gm)].map(([, name]) => name);
  t.true(targets.length >= 12);
  t.deepEqual(targets, explained);
});

test('every test file belongs to one group, and the groups are not empty', (t) => {
  const groups = testFiles().map(groupOf);
  for (const name of groupNames) {
    t.true(groups.includes(name), `no test file is in the group ${name}`);
  }
});

// Feeds lines to the reader; gives its counts and events.
const readTap = (lines: string[]): { counts: ReturnType<ReturnType<typeof tapReader>['end']>; events: TapEvent[] } => {
  const events: TapEvent[] = [];
  const reader = tapReader((event) => events.push(event));
  lines.forEach((line) => reader.line(line));
  return { counts: reader.end(), events };
};

test('the sum of the tests: passed, failed with its words, skipped', (t) => {
  const { counts, events } = readTap([
    'TAP version 13',
    'ok 1 - one › is 2 - not ok',
    'not ok 2 - two',
    '  ---',
    '    message: why',
    '  ...',
    'ok 3 - three # SKIP',
    'noise',
    '1..3',
    '# tests 3',
  ]);
  t.deepEqual(counts, { passed: 1, failed: 1, skipped: 1, planned: 3 });
  t.deepEqual(events, [
    { kind: 'passed', title: 'one › is 2 - not ok' },
    { kind: 'failed', title: 'two', details: ['  ---', '    message: why', '  ...'] },
    { kind: 'skipped', title: 'three' },
  ]);
});

test('a run that crashed, was cut off, or ran nothing counts as failed', (t) => {
  const good = { passed: 2, failed: 0, skipped: 0, planned: 2 };
  t.is(hiddenFailure(good, endedWell), undefined);
  t.regex(hiddenFailure(good, 'exit code 1') ?? '', /exit code 1/);
  t.regex(hiddenFailure({ ...good, planned: undefined }, endedWell) ?? '', /before it was through/);
  t.regex(hiddenFailure({ ...good, failed: 1, planned: undefined }, 'SIGKILL') ?? '', /before it was through: SIGKILL/);
  t.regex(hiddenFailure({ ...good, planned: 3 }, endedWell) ?? '', /before it was through/);
  t.regex(hiddenFailure({ passed: 0, failed: 0, skipped: 3, planned: 3 }, endedWell) ?? '', /ran no test/);
  t.is(hiddenFailure({ ...good, failed: 1, planned: 3 }, 'exit code 1'), undefined);
});

test('the last words name each failure and its reason, and stay short', (t) => {
  const details = [
    '  ---',
    '    name: AssertionError',
    '    message: Value must match',
    '    values:',
    "      'Value': no receiver",
    '  ...',
  ];
  const failure = { title: 'one', details };
  t.deepEqual(lastWords([{ name: 'unit', failures: [failure] }]), [
    "unit failed: one: values: 'Value': no receiver message: Value must match",
  ]);
  const many = Array.from({ length: 8 }, () => ({ title: 'x'.repeat(300), details: [`    message: ${'why '.repeat(100)}`] }));
  const lines = lastWords([{ name: 'e2e', failures: many }]);
  t.is(lines.length, 8);
  t.true(lines.join('\n').length < 1600 && lines.every((line) => /x….*why/.test(line)), lines[0]);
  t.deepEqual(lastWords([{ name: 'check', failures: [] }]), []);
});

test('a bundle that uses node:http does not load what Node keeps beside it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bundle-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const lines = [
    "import { createServer, STATUS_CODES } from 'node:http';",
    "import whole from 'http';",
    "const loaded = process.moduleLoadList.filter((name) => name.includes('deps/undici'));",
    'console.log(JSON.stringify([typeof createServer, STATUS_CODES[404], whole.createServer === createServer, loaded.length]));',
  ];
  writeFileSync(join(folder, 'entry.mjs'), lines.join('\n'));
  const outfile = join(folder, 'bundle.mjs');
  await build({ entryPoints: [join(folder, 'entry.mjs')], outfile, bundle: true, format: 'esm', platform: 'node', plugins: [plainHttp] });
  t.deepEqual(JSON.parse(execFileSync(process.execPath, [outfile], { encoding: 'utf8' })), ['function', 'Not Found', true, 0]);
});
