// Somebody who has the writer's credentials of the bucket and all that is public, but not the signing key, and who knows this code well.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { AgentContext } from '../../../src/archive/context.ts';
import { dump } from '../../../src/archive/dump.ts';
import { seal } from '../../../src/archive/seal.ts';
import { makeSigningPair } from '../../../src/archive/signing/keys.ts';
import type { EngineRun } from '../../../src/engines/engine.ts';
import { openStore } from '../../../src/stores/open.ts';
import type { StoreLocation } from '../../../src/stores/store.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import type { WriterDocument } from '../../../src/api/stored/repository.ts';
import { demoDirectory, demoSecret, demoVerificationKey } from './demo.ts';
import { storeEndpoint } from './store-names.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder('forger');
const pair = makeSigningPair();

export const forgersFolder = folder;
export const forgersKey = pair.verificationKey;

// The folder that `--credentials-dir` takes.
export const writersCredentials = join(folder, 'credentials');
export const storeCa = join(demoDirectory, 'pki/ca.crt');

export const cloudOfShop: StoreLocation = {
  kind: 's3',
  bucket: 'holdfast',
  prefix: 'shop/shop',
  region: 'us-east-1',
  endpoint: storeEndpoint,
  forcePathStyle: true,
  credentialsDirectory: writersCredentials,
  caFile: storeCa,
};

export const prepareForger = (): void => {
  execFileSync('mkdir', ['-p', writersCredentials]);
  writeFileSync(join(writersCredentials, 'accessKeyId'), demoSecret('store/writer.id'));
  writeFileSync(join(writersCredentials, 'secretAccessKey'), demoSecret('store/writer.key'));
  writeFileSync(join(folder, 'signing.key'), pair.privateKeyPem);
};

// What an agent is given, for one that runs here.
export const agentHere: AgentContext = {
  log: createLog(() => undefined, {}),
  report: () => undefined,
  signal: new AbortController().signal,
  now: () => new Date(),
  openStore,
  step: (_name, work) => work(),
};

// A data directory of the forger's own, as any tar would be.
const poisonedCopy = (): EngineRun => ({
  preflight: () => Promise.resolve({}),
  async *artifacts() {
    yield {
      name: 'base.tar',
      open: () => {
        const tar = execFileSync('bash', ['-c', 'tar -C /etc -cf - hostname | zstd -qc'], { stdio: ['ignore', 'pipe', 'ignore'] });
        return Promise.resolve({ stream: Readable.from([tar]), ended: Promise.resolve() });
      },
      readBack: async (stream) => {
        await buffer(stream);
        return { derived: [] };
      },
    };
  },
  finish: () => Promise.resolve({ facts: { versions: { postgresql: '17.0' }, restorableTo: new Date().toISOString() }, documents: [] }),
  close: () => Promise.resolve(),
});

// Writes a whole backup with everything that a genuine one has, but for the signature.
export const forgeBackup = async (backupId: string, slot: string, { clusterId, namespace, name }: WriterDocument): Promise<void> => {
  const base = {
    policy: { namespace, name },
    clusterId,
    verificationKeys: [demoVerificationKey(), forgersKey],
    backup: { id: backupId, type: 'Full' as const, slot },
    tier: { name: 'cloud', location: cloudOfShop },
    signingKeyFile: join(folder, 'signing.key'),
  };
  const plan = {
    ...base,
    verb: 'dump' as const,
    component: 'db',
    attempt: 1,
    recipients: [demoSecret('holdfast/recipient')],
    deadlineSeconds: 60,
  };
  await dump(plan, poisonedCopy(), agentHere);
  await seal({ ...base, verb: 'seal', components: [{ name: 'db', attempt: 1 }], failed: [] }, agentHere);
};
