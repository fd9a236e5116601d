// How long `kubectl holdfast list --from` takes over a bucket of many backups: cold (nothing kept on this machine) and warm (what was kept is used).
import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeSigningPair, readSigner, readVerifiers } from '../../src/archive/signing/keys.ts';
import { openStore } from '../../src/stores/open.ts';
import { snapshotOf, writeManyBackups } from '../../test/archive/many-backups.ts';
import { median, rounded, spread } from '../common/figures.ts';
import { runQuietly } from '../common/measure.ts';
import { makeProcessGroup } from '../common/process-group.ts';
import { bucket, startS3 } from '../common/s3.ts';
import type { S3Server } from '../common/s3.ts';
import { say } from '../common/say.ts';
import { benchDirectory, numberSetting, root } from '../common/settings.ts';
import { table } from '../common/table.ts';

const prefix = 'shop/shop';
const goals = { cold: 3, warm: 0.3 };
const directory = join(benchDirectory, 'catalogue');
const cache = join(directory, 'cache');

type Turn = 'cold' | 'warm';

const buildPlugin = async (): Promise<string> => {
  await runQuietly([process.execPath, join(root, 'hack/bundle.ts')]);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await cp(join(root, 'dist'), join(directory, 'dist'), { recursive: true });
  return join(directory, 'dist/cli.js');
};

// The bucket, and the file with the key that its manifests are checked against.
const fillBucket = async (s3: S3Server, backups: number): Promise<string> => {
  const pair = makeSigningPair();
  const signer = readSigner(pair.privateKeyPem);
  const folder = join(s3.bucketDirectory, prefix);
  await writeManyBackups(folder, signer, 0, backups);
  const { port, caFile, credentialsDirectory } = s3;
  const endpoint = `https://127.0.0.1:${port}`;
  const store = await openStore({
    kind: 's3',
    bucket,
    prefix,
    region: 'us-east-1',
    endpoint,
    forcePathStyle: true,
    credentialsDirectory,
    caFile,
  });
  const { key, bytes } = await snapshotOf(folder, store, signer, readVerifiers([pair.verificationKey]), new Date().toISOString());
  await store.close();
  await mkdir(dirname(join(folder, key)), { recursive: true });
  await writeFile(join(folder, key), bytes);
  const keysFile = join(directory, 'verification-keys.yaml');
  await writeFile(keysFile, `verificationKeys:\n  - id: ${pair.verificationKey.id}\n    key: ${pair.verificationKey.key}\n`);
  say(`  ${backups} manifests, and a snapshot of ${Math.round(bytes.length / 1024)} KiB`);
  return keysFile;
};

// Seconds from the start of the plugin to its end, with the whole list as JSON.
const listOnce = async (plugin: string, s3: S3Server, keysFile: string, backups: number): Promise<number> => {
  const where = ['--from', `s3://${bucket}/${prefix}`, '--endpoint', `https://127.0.0.1:${s3.port}`, '--ca-file', s3.caFile];
  const words = [plugin, 'list', ...where, '--credentials-dir', s3.credentialsDirectory, '--verification-key', keysFile, '-o', 'json'];
  const start = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, words, {
    maxBuffer: 1024 ** 3,
    env: { PATH: process.env['PATH'], HOME: directory, XDG_CACHE_HOME: cache },
  });
  const seconds = (performance.now() - start) / 1000;
  const found = (JSON.parse(stdout) as { backups: { verdict: string }[] }).backups.filter(({ verdict }) => verdict === 'Passed').length;
  if (found !== backups) {
    throw new Error(`The list has ${found} backups that passed, not ${backups}.`);
  }
  return seconds;
};

export const work = async (): Promise<object> => {
  const [wanted, backups] = [numberSetting('RUNS', 5), numberSetting('BACKUPS', 10_000)];
  const plugin = await buildPlugin();
  const group = makeProcessGroup('s3');
  try {
    const s3 = await startS3(group);
    const keysFile = await fillBucket(s3, backups);
    const seconds: Record<Turn, number[]> = { cold: [], warm: [] };
    // The first round warms the server, and is not counted.
    for (let round = 0; round <= wanted; round += 1) {
      await rm(cache, { recursive: true, force: true });
      for (const turn of ['cold', 'warm'] as const) {
        const took = await listOnce(plugin, s3, keysFile, backups);
        say(`  ${round === 0 ? 'warm-up' : `run ${round} of ${wanted}`}: ${turn} ${took.toFixed(2)} s`);
        seconds[turn].push(...(round === 0 ? [] : [took]));
      }
    }
    return report(wanted, backups, seconds);
  } finally {
    group.killAll();
    await group.remove();
  }
};

const report = (runs: number, backups: number, seconds: Record<Turn, number[]>): object => {
  const turns = ['cold', 'warm'] as const;
  const rows = turns.map((turn) => {
    const { min, max } = spread(seconds[turn]);
    const value = median(seconds[turn]);
    return [turn, value.toFixed(2), `${min.toFixed(2)}–${max.toFixed(2)}`, goals[turn].toFixed(1), value <= goals[turn] ? 'met' : 'MISSED'];
  });
  console.log(`\n${table([`a list of ${backups} backups, seconds`, 'median', 'range', 'goal', ''], rows)}`);
  return {
    runs,
    us: { seconds: rounded(median(seconds.cold), 3), warmSeconds: rounded(median(seconds.warm), 3), backups },
    peers: {},
    ratios: {},
    goals: turns.map((turn) => {
      const value = rounded(median(seconds[turn]), 3);
      return { goal: `${turn}, s`, value, limit: goals[turn], met: value <= goals[turn] };
    }),
  };
};
