// Holdfast: the agent as its image has it, with a plan as the operator makes it. The clock stops at the last uploaded byte; the read-back that follows is a row of its own.
import { randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { makeSigningPair } from '../../src/archive/signing/keys.ts';
import { planVariable } from '../../src/api/agent.ts';
import type { DumpPlan } from '../../src/api/agent.ts';
import { toolboxPath } from '../../test/engines/toolbox.ts';
import { measure, runQuietly } from '../common/measure.ts';
import type { Measured } from '../common/measure.ts';
import { bucket } from '../common/s3.ts';
import { benchDirectory, root } from '../common/settings.ts';
import type { Contestant, Others, Target, Turn } from './contestant.ts';
import { database } from './data.ts';
import { readBackByStockTools } from './read-back.ts';
import { storedIn } from './stored.ts';

const agentDirectory = join(benchDirectory, 'agent');
const keysDirectory = join(benchDirectory, 'keys');
const backupId = '20261122T020000Z-full-3f9a1c04';

export type Keys = { identityFile: string; recipient: string; pair: ReturnType<typeof makeSigningPair> };

// Bundles the agent as an image gets it, into a folder that no other build touches.
export const buildAgent = async (): Promise<void> => {
  await runQuietly([process.execPath, join(root, 'hack/bundle.ts')]);
  await rm(agentDirectory, { recursive: true, force: true });
  await cp(join(root, 'dist'), agentDirectory, { recursive: true });
};

// How the image starts Node.
const nodeFlags = async (): Promise<string[]> => {
  const entry = /^ENTRYPOINT (\[.*agent\.js"\])$/m.exec(await readFile(join(root, 'Dockerfile'), 'utf8'))?.[1];
  if (entry === undefined) {
    throw new Error('The Dockerfile does not say how the agent is started.');
  }
  return (JSON.parse(entry) as string[]).slice(1, -1);
};

export const makeKeys = async (): Promise<Keys> => {
  await mkdir(keysDirectory, { recursive: true });
  const { identity, recipient } = await makeIdentity();
  const pair = makeSigningPair();
  const identityFile = join(keysDirectory, 'identity.txt');
  await writeFile(identityFile, `${identity}\n`, { mode: 0o600 });
  await writeFile(join(keysDirectory, 'signing.key'), pair.privateKeyPem, { mode: 0o600 });
  await writeFile(join(keysDirectory, 'username'), 'postgres');
  await writeFile(join(keysDirectory, 'password'), 'nobody-asks-for-it');
  return { identityFile, recipient, pair };
};

const locationOf = (target: Target, { s3, directory, prefix }: Turn): DumpPlan['tier']['location'] =>
  target === 'directory'
    ? { kind: 'directory', directory: join(directory, 'repository') }
    : {
        kind: 's3',
        bucket,
        prefix,
        region: 'us-east-1',
        endpoint: `https://127.0.0.1:${s3.port}`,
        forcePathStyle: true,
        credentialsDirectory: s3.credentialsDirectory,
        caFile: s3.caFile,
      };

const planOf = (target: Target, turn: Turn, { recipient, pair }: Keys): DumpPlan => ({
  verb: 'dump',
  policy: { namespace: 'bench', name: 'full' },
  clusterId: randomUUID(),
  verificationKeys: [pair.verificationKey],
  backup: { id: backupId, type: 'Full', slot: '2026-11-22T02:00:00.000Z' },
  component: 'db',
  attempt: 1,
  tier: { name: 'primary', location: locationOf(target, turn) },
  recipients: [recipient],
  signingKeyFile: join(keysDirectory, 'signing.key'),
  deadlineSeconds: 3600,
  postgresql: {
    version: 17,
    host: '127.0.0.1',
    port: turn.server.port,
    database,
    sslMode: 'disable',
    credentialsDirectory: keysDirectory,
    physical: true,
    logical: { enabled: false, databases: [], globals: false, credentialsDirectory: keysDirectory },
  },
});

// What was measured when each step of the agent ended, by the lines that it prints.
const stepReader = (ends: Map<string, Measured & Others>, turn: Turn) => (line: string, soFar: () => Measured) => {
  const said = JSON.parse(line) as { message?: string; step?: string };
  if (said.message === 'Ended a step' && said.step !== undefined) {
    ends.set(said.step, { ...soFar(), ...turn.others() });
  }
};

const must = <T>(ends: Map<string, T>, step: string): T => {
  const found = ends.get(step);
  if (found === undefined) {
    throw new Error(`The agent said nothing of the end of the step "${step}".`);
  }
  return found;
};

// `profileDirectory`: where Node writes a profile of its CPU, if it shall. That runs the sources, whose functions have names, and is not for comparison.
export const ours = (target: Target, keys: Keys, profileDirectory?: string): Contestant => ({
  name: 'holdfast',
  target,
  async run(turn) {
    const ends = new Map<string, Measured & Others>();
    const program =
      profileDirectory === undefined
        ? [join(agentDirectory, 'agent.js')]
        : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`, join(root, 'src/agent.ts')];
    const whole = await measure({
      words: [process.execPath, ...(await nodeFlags()), ...program],
      environment: {
        [planVariable]: JSON.stringify(planOf(target, turn, keys)),
        HOLDFAST_TERMINATION_LOG: '/dev/null',
        PATH: toolboxPath(),
      },
      onLine: stepReader(ends, turn),
    });
    const repository = target === 'directory' ? join(turn.directory, 'repository') : join(turn.s3.bucketDirectory, turn.prefix);
    const uploaded = must(ends, 'dump base.tar');
    const readBack = must(ends, 'read back base.tar');
    const stock = await readBackByStockTools(repository, keys.identityFile);
    return {
      seconds: uploaded.seconds,
      cpuSeconds: uploaded.cpuSeconds,
      // Of the whole run: a container is not given other memory for the read-back.
      peakRssMiB: whole.peakRssMiB,
      peakOf: whole.peakOf,
      stored: await storedIn(repository),
      others: { serverCpuSeconds: uploaded.serverCpuSeconds, s3CpuSeconds: uploaded.s3CpuSeconds },
      extra: {
        beforeFirstByteSeconds: must(ends, 'preflight').seconds,
        dumpPeakRssMiB: uploaded.peakRssMiB,
        readBackSeconds: readBack.seconds - uploaded.seconds,
        readBackCpuSeconds: readBack.cpuSeconds - uploaded.cpuSeconds,
        stockReadBackSeconds: stock.seconds,
        stockReadBackCpuSeconds: stock.cpuSeconds,
        totalSeconds: whole.seconds,
      },
    };
  },
});
