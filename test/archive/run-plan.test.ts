// How a run can end: the result line, the exit code, the log that is kept, and that no secret is in any of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { AgentLine, AgentPlan, AgentResult } from '../../src/api/agent.ts';
import { categories } from '../../src/api/categories.ts';
import type { Category } from '../../src/api/categories.ts';
import { ArchiveError } from '../../src/archive/errors.ts';
import { keepLog } from '../../src/archive/kept-log.ts';
import { runPlan } from '../../src/archive/run-plan.ts';
import type { RunOptions } from '../../src/archive/run-plan.ts';
import { untilStopped } from '../../src/archive/until-stopped.ts';
import { EngineError } from '../../src/engines/engine.ts';
import type { EngineRun } from '../../src/engines/engine.ts';
import { StoreError } from '../../src/stores/errors.ts';
import { openStore } from '../../src/stores/open.ts';
import type { Store } from '../../src/stores/store.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { registerSecret } from '../../src/telemetry/redact.ts';
import { fakeEngine } from './fake-engine.ts';
import { backUp, backupId, filesOf } from './repository.ts';
import { policiesOfOneKey } from './policies.ts';
import type { Policy } from './repository.ts';

const id = backupId(1);
const policyFor = policiesOfOneKey(test);

type Run = { result: AgentResult; lines: AgentLine[]; logged: string[] };

const runWith = async (
  plan: AgentPlan,
  engine: EngineRun = fakeEngine(),
  signal = new AbortController().signal,
  wrap: (store: Store) => Store = (store) => store,
): Promise<Run> => {
  const lines: AgentLine[] = [];
  const logged: string[] = [];
  const kept = keepLog();
  const log = createLog((line) => {
    kept.add(line);
    logged.push(line);
  });
  const parts: RunOptions['parts'] = {
    openStore: async (location) => wrap(await openStore(location)),
    engineFor: () => Promise.resolve(engine),
  };
  const result = await runPlan(plan, { log, kept, signal, parts, report: (line) => lines.push(line) });
  return { result, lines, logged };
};

const throwing = (error: unknown): EngineRun => {
  const preflight = async (): Promise<never> => {
    throw error;
  };
  return { ...fakeEngine(), preflight };
};

const logsOf = (policy: Policy, tier = 'local'): string[] =>
  [...filesOf(policy, tier).keys()].filter((key) => key.startsWith(`logs/${id}/`)).map((key) => key.replace(/^.*\/\d{8}T\d{6}Z-/, ''));

test('a run that ends well says what it did, how long each step took, and keeps its log', async (t) => {
  const policy = await policyFor();
  const dumped = await runWith(policy.dumpPlan(id));
  t.like(dumped.result, {
    kind: 'result',
    verb: 'dump',
    outcome: 'Succeeded',
    category: 'None',
    backupId: id,
    component: 'db',
    attempt: 1,
    restorableTo: '2026-11-22T02:00:05.000Z',
    verification: { level: 'L2', verdict: 'Passed' },
  });
  t.deepEqual(
    dumped.result.phases?.map(({ name }) => name),
    ['preflight', 'dump base.tar', 'read back base.tar', 'facts', 'record'],
  );
  t.true(dumped.result.phases?.every(({ seconds }) => seconds >= 0 && seconds < 60));
  const sealed = await runWith(policy.sealPlan(id));
  t.like(sealed.result, { verb: 'seal', outcome: 'Succeeded', backupId: id });
  t.truthy((sealed.result as { repositoryId?: string }).repositoryId);
  const copied = await runWith(policy.copyPlan(id));
  t.like(copied.result, { verb: 'copy', outcome: 'Succeeded', backupId: id });
  const inspected = await runWith(policy.inspectPlan());
  t.like(inspected.result, { verb: 'inspect', outcome: 'Succeeded', tier: 'local', backups: 1, refused: 0 });
  t.like(inspected.lines[0], { kind: 'entry', verdict: 'Passed', backupId: id, failed: [] });

  t.deepEqual(logsOf(policy).toSorted(), ['dump-db-1.jsonl', 'seal.jsonl']);
  t.deepEqual(logsOf(policy, 'cloud'), ['copy-cloud.jsonl']);
  const [stored] = [...filesOf(policy)].filter(([key]) => key.endsWith('dump-db-1.jsonl'));
  t.deepEqual(String(stored?.[1]).trim().split('\n'), dumped.logged);

  // The log can be read again, and one of another backup is not in it.
  const again = await runWith(policy.inspectPlan({ logsOf: id }));
  const texts = again.lines.flatMap((line) => (line.kind === 'stored-log' ? [line.line] : []));
  t.deepEqual(texts, [...dumped.logged, ...sealed.logged]);
  t.deepEqual((await runWith(policy.inspectPlan({ logsOf: backupId(2) }))).lines, []);
});

const again = { retryable: true };
const endings: { error: Error; category: Category; code: string; retryable: boolean }[] = [
  { error: new EngineError('SourceUnreachable', 'x', again), category: 'Source', code: 'SourceUnreachable', retryable: true },
  { error: new EngineError('AuthenticationFailed', 'x'), category: 'Configuration', code: 'AuthenticationFailed', retryable: false },
  { error: new EngineError('VerificationFailed', 'x'), category: 'Verification', code: 'VerificationFailed', retryable: false },
  { error: new StoreError('StoreFull', 'x'), category: 'InsufficientSpace', code: 'StoreFull', retryable: false },
  { error: new StoreError('AccessDenied', 'x'), category: 'Configuration', code: 'AccessDenied', retryable: false },
  { error: new StoreError('BucketMissing', 'x'), category: 'Configuration', code: 'BucketMissing', retryable: false },
  { error: new StoreError('StoreUnavailable', 'x', again), category: 'Repository', code: 'StoreUnavailable', retryable: true },
  { error: new StoreError('ChecksumMismatch', 'x'), category: 'Verification', code: 'ChecksumMismatch', retryable: false },
  { error: new ArchiveError('WriterReplaced', 'x'), category: 'Repository', code: 'WriterReplaced', retryable: false },
  { error: new ArchiveError('InsufficientSpace', 'x'), category: 'InsufficientSpace', code: 'InsufficientSpace', retryable: false },
  {
    error: Object.assign(new Error("ENOENT: no such file, open '/holdfast/secrets/source/password'"), { code: 'ENOENT' }),
    category: 'Configuration',
    code: 'FileMissing',
    retryable: false,
  },
  { error: new TypeError('undefined is not a function'), category: 'Internal', code: 'InternalError', retryable: true },
];

test('every kind of failure has its category, a stable code, a message, and says whether trying again may help', async (t) => {
  const policy = await policyFor();
  for (const { error, category, code, retryable } of endings) {
    const { result, logged } = await runWith(policy.dumpPlan(id), throwing(error));
    t.like(result, {
      kind: 'result',
      verb: 'dump',
      outcome: 'Failed',
      category,
      code,
      retryable,
      backupId: id,
      component: 'db',
      attempt: 1,
    });
    t.true((result.message ?? '').length > 0);
    t.true(logged.some((line) => line.includes('Failed') && line.includes(`"code":"${code}"`)));
    // Where the fault is ours the stack is kept, else not.
    t.is(
      logged.some((line) => line.includes('"stack"')),
      code === 'InternalError',
    );
  }
  t.true(logsOf(policy).length > 0);
});

test('failures of the other verbs', async (t) => {
  const policy = await policyFor();
  t.like((await runWith(policy.sealPlan(id))).result, { verb: 'seal', outcome: 'Failed', category: 'Verification', code: 'RecordMissing' });
  t.like((await runWith(policy.copyPlan(backupId(3)))).result, { verb: 'copy', category: 'Verification', code: 'ObjectMissing' });
  t.like((await runWith(policy.copyPlan(id, { from: policy.tier('empty') }))).result, { category: 'Repository', code: 'NotARepository' });
  t.like((await runWith(policy.inspectPlan({ verificationKeys: [{ id: 'x', key: '' }] }))).result, {
    verb: 'inspect',
    tier: 'local',
    category: 'Configuration',
    code: 'KeyInvalid',
  });
  t.like((await runWith(policy.dumpPlan(id, { signingKeyFile: '/not/there' }))).result, { category: 'Configuration', code: 'FileMissing' });
  const file = join(policy.directory, 'a-file');
  await writeFile(file, 'x');
  const tier = { name: 'local', location: { kind: 'directory' as const, directory: join(file, 'below') } };
  t.like((await runWith(policy.dumpPlan(id, { tier }))).result, { category: 'Configuration', code: 'StoreMisconfigured' });
});

test('why a run was stopped is what it says, whatever broke because of it', async (t) => {
  const reasons: [ArchiveError, Category][] = [
    [new ArchiveError('Interrupted', 'told to stop', { retryable: true }), 'Interrupted'],
    [new ArchiveError('DeadlineExceeded', 'too slow'), 'Deadline'],
  ];
  for (const [reason, category] of reasons) {
    const stop = new AbortController();
    // Each in a store of its own: what the first one began is in nobody's way.
    const policy = await policyFor();
    setTimeout(() => stop.abort(reason), 100);
    const { result } = await runWith(policy.dumpPlan(id), fakeEngine({ endless: true }), stop.signal);
    t.like(result, { outcome: 'Failed', category, code: reason.code, message: reason.message, retryable: reason.retryable });
  }
});

test('secrets stay out of results, logs and what is stored; long messages are cut', async (t) => {
  const policy = await policyFor();
  const secret = 'correct-horse-battery-staple';
  registerSecret(secret);
  const spelled = `password=${secret} AGE-SECRET-KEY-1QQQQQQQQQQ -----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----`;
  const run = await runWith(policy.dumpPlan(id), throwing(new Error(`${spelled} ${'long '.repeat(1000)}`)));
  const everything = JSON.stringify([run.result, run.logged, [...filesOf(policy).values()].map(String)]);
  t.regex(everything, /\[redacted\]/);
  for (const each of [secret, 'AGE-SECRET-KEY-1Q', 'nabc']) {
    t.false(everything.includes(each), each);
  }
  t.true((run.result.message ?? '').length <= 900);
});

test('a log that cannot be kept changes nothing of the result', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  const { result, logged } = await runWith(policy.sealPlan(id), undefined, undefined, (store) => ({
    ...store,
    put: (key, body) => (key.startsWith('logs/') ? Promise.reject(new StoreError('StoreFull', 'full')) : store.put(key, body)),
  }));
  t.like(result, { outcome: 'Succeeded' });
  t.true(logged.some((line) => line.includes('Could not keep the log')));
});

test('work that hangs is given up some time after a stop, and not before', async (t) => {
  const stop = new AbortController();
  const hangs = new Promise<never>(() => {});
  const waiting = untilStopped(hangs, stop.signal, 100);
  const early = await Promise.race([waiting.catch(() => 'given up'), new Promise((resolve) => setTimeout(() => resolve('waiting'), 300))]);
  t.is(early, 'waiting');
  const start = performance.now();
  stop.abort(new ArchiveError('Interrupted', 'told to stop'));
  await t.throwsAsync(waiting, { code: 'Interrupted' });
  t.true(performance.now() - start >= 90);
  t.is(await untilStopped(Promise.resolve('done'), stop.signal, 10_000), 'done');
  await t.throwsAsync(untilStopped(Promise.reject(new Error('its own')), stop.signal, 10_000), { message: 'its own' });
  await t.throwsAsync(untilStopped(hangs, stop.signal, 10), { code: 'Interrupted' });
});

test('the kept log holds the beginning and the end within its limit, and counts what it left out', (t) => {
  const kept = keepLog(1000);
  t.is(kept.text(), '');
  for (let index = 0; index < 500; index += 1) {
    kept.add(JSON.stringify({ index }));
  }
  const lines = kept.text().trim().split('\n');
  const indexes = lines.map((line) => (JSON.parse(line) as { index?: number }).index);
  t.true(kept.text().length < 1200);
  t.is(indexes[0], 0);
  t.is(indexes.at(-1), 499);
  const gap = indexes.indexOf(undefined);
  t.like(JSON.parse(lines[gap] as string), { kind: 'log', level: 'warn', lines: 500 - (lines.length - 1) });
  t.true(gap > 10 && lines.length - gap > 10);

  const short = keepLog(1000);
  short.add('one');
  short.add('two');
  t.is(short.text(), 'one\ntwo\n');
  // One endless line neither fills memory nor pushes out all others.
  short.add('x'.repeat(5000));
  short.add('three');
  t.regex(short.text(), /^one\ntwo\nthree\n.*Left out.*"lines":1.*\n$/);
  t.true(short.text().length < 1200);
});

type Ended = { code: number | null; result: AgentResult | undefined; lines: { kind: string }[]; errors: string; termination: string };

// The agent as a process.
const agent = async (
  policy: Policy,
  plan: AgentPlan | string | undefined,
  during: (child: ReturnType<typeof spawn>) => void = () => {},
): Promise<Ended> => {
  const termination = join(policy.directory, 'termination');
  await writeFile(termination, '');
  const text = typeof plan === 'object' ? JSON.stringify(plan) : plan;
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/agent.ts')], {
    env: {
      PATH: process.env['PATH'],
      HOLDFAST_TERMINATION_LOG: termination,
      ...(text === undefined ? {} : { HOLDFAST_PLAN: text }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  during(child);
  const [code] = (await once(child, 'close')) as [number | null];
  const lines = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { kind: string });
  const last = lines.at(-1);
  return {
    code,
    lines,
    errors,
    result: last?.kind === 'result' ? (last as AgentResult) : undefined,
    termination: await readFile(termination, 'utf8'),
  };
};

const endsWith = (t: ExecutionContext, { code, result, errors, termination }: Ended, category: Category, reason?: string): void => {
  t.is(errors, '');
  t.is(result?.category, category);
  t.is(code, categories[category].exitCode);
  t.is(result?.code, reason);
  t.deepEqual(JSON.parse(termination), result);
};

test('the agent as a process: exit codes, the result as the last line and as the termination message', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  const wrongKey = join(policy.directory, 'wrong.key');
  await writeFile(wrongKey, 'not a key');
  endsWith(t, await agent(policy, policy.inspectPlan()), 'None');
  endsWith(t, await agent(policy, policy.copyPlan(id)), 'None');
  endsWith(t, await agent(policy, policy.sealPlan(backupId(2))), 'Verification', 'RecordMissing');
  endsWith(t, await agent(policy, policy.sealPlan(id, { signingKeyFile: wrongKey })), 'Configuration', 'KeyInvalid');
  endsWith(t, await agent(policy, policy.sealPlan(id, { signingKeyFile: '/not/there' })), 'Configuration', 'FileMissing');
  endsWith(t, await agent(policy, policy.copyPlan(id, { from: policy.tier('empty') })), 'Repository', 'NotARepository');
  for (const plan of [undefined, '{"verb":', '']) {
    const { code, lines, errors } = await agent(policy, plan);
    t.is(code, categories.Configuration.exitCode);
    t.is(errors, '');
    t.like(lines, [{ kind: 'log', level: 'error' }]);
    t.regex(JSON.stringify(lines), /HOLDFAST_PLAN is not/);
  }
});

test('the agent as a process: SIGTERM while the store is silent', async (t) => {
  const policy = await policyFor();
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const location = {
    kind: 's3' as const,
    bucket: 'holdfast',
    prefix: 'shop/shop',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    forcePathStyle: true,
    credentialsDirectory: policy.directory,
  };
  await writeFile(join(policy.directory, 'accessKeyId'), 'somebody');
  await writeFile(join(policy.directory, 'secretAccessKey'), 'something-secret');
  const ended = await agent(policy, policy.inspectPlan({ tier: { name: 'cloud', location } }), (child) => {
    silent.once('connection', () => child.kill('SIGTERM'));
  });
  endsWith(t, ended, 'Interrupted', 'Interrupted');
  t.true(ended.result?.retryable);
  silent.close();
});

test('a verb of a later release is refused: nothing done is no success', async (t) => {
  const policy = await policyFor();
  const { result, logged } = await runWith({ ...policy.sealPlan(id), verb: 'erase', attempt: 2 } as unknown as AgentPlan);
  t.like(result, { outcome: 'Failed', category: 'Configuration', code: 'VerbUnknown', attempt: 2 });
  t.regex(result.message ?? '', /does not know the verb "erase".*agent\.images/);
  t.false(logged.some((line) => line.includes('Could not keep')));
});
