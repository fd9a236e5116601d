// Makes a small repository with what inspections and take-overs write, and keeps it: `node test/golden/make-catalogue.ts catalogue-v1`.
// Never run it again for a version that is committed.
import { existsSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adopt } from '../../src/archive/adopt.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { fakeEngine } from '../archive/fake-engine.ts';
import { backUp, backupId, makePolicy, watched } from '../archive/repository.ts';

const version = process.argv[2] ?? '';
const folder = join(import.meta.dirname, version);
if (!/^catalogue-v\d+$/.test(version) || existsSync(folder)) {
  throw new Error('usage: node test/golden/make-catalogue.ts catalogue-vN, with a version that is not there yet');
}

const policy = await makePolicy();
try {
  for (let index = 0; index < 8; index += 1) {
    await backUp(policy, backupId(index), fakeEngine({ contents: [{ name: 'base.tar', raw: Buffer.from(`backup ${index}`) }] }));
  }
  const { signingKeyFile, verificationKey } = policy;
  const rotation = { signingKeyFile, mostBytes: 1024 ** 3, mostSeconds: 600, intervalSeconds: 0, readBack: false };
  // The first writes marks, the second a snapshot that repeats them.
  await inspect(policy.inspectPlan({ verification: rotation }), watched());
  const later = { ...watched(), now: () => new Date(Date.now() + 2 * 86_400_000) };
  await inspect(policy.inspectPlan({ verification: { ...rotation, intervalSeconds: 1e9 } }), later);
  const { policy: name, tier } = policy.inspectPlan();
  const cluster = { clusterId: 'cluster-b', policy: name };
  await adopt({ verb: 'adopt', ...cluster, verificationKeys: [verificationKey], signingKeyFile, tiers: [tier] }, watched());
  await cp(join(policy.directory, 'local'), join(folder, 'repository'), { recursive: true });
  await writeFile(join(folder, 'verification-key.json'), `${JSON.stringify(verificationKey, undefined, 2)}\n`);
  console.log(`wrote ${folder}`);
} finally {
  await rm(policy.directory, { recursive: true, force: true });
}
