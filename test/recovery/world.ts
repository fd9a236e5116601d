// A real server, a repository in a folder that holds whole backups of it, and the files that a person has in a safe.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DumpResult, PostgresqlSource, ReceivePlan, SealPlan, TierPlan } from '../../src/api/agent.ts';
import { keepLog } from '../../src/archive/kept-log.ts';
import { identitiesIn } from '../../src/archive/recovery/keys.ts';
import { recover } from '../../src/archive/recovery/recover.ts';
import type { Recovered } from '../../src/archive/recovery/recover.ts';
import { runPlan } from '../../src/archive/run-plan.ts';
import type { Wish } from '../../src/core/recovery/wish.ts';
import { runHere } from '../commands/capture.ts';
import type { Outcome } from '../commands/capture.ts';
import { makeRepository, runDump, silent } from '../engines/agent-run.ts';
import type { PostgresServer, ServerOptions } from '../engines/postgres-server.ts';
import { startServer } from '../engines/postgres-server.ts';
import { makeFixture } from '../engines/server-fixture.ts';
import type { Fixture } from '../engines/server-fixture.ts';
import { serverUid } from '../engines/toolbox.ts';
import { slot as walSlot, startReceiver } from '../wal/receiver-run.ts';
import type { RunningReceiver } from '../wal/receiver-run.ts';

export type World = {
  fixture: Fixture;
  // The repository.
  directory: string;
  // identity.txt, with the verification key in its comments.
  identityFile: string;
  verificationKey: { id: string; key: string };
  // What a Job needs that copies old data into the repository.
  safety: { recipients: string[]; signingKeyFile: string; isLastTry: boolean };
  backUp(server: PostgresServer, slot: string, changes?: Partial<PostgresqlSource>): Promise<string>;
  // An increment on that backup, or a whole copy that says why.
  backUpOn(
    server: PostgresServer,
    slot: string,
    on: { parentId: string; required?: boolean; changes?: Partial<PostgresqlSource> },
  ): Promise<{ id: string; result: DumpResult }>;
  // A receiver that archives the server's WAL into the repository.
  receive(server: PostgresServer, changes?: Partial<ReceivePlan>): Promise<RunningReceiver>;
  // The pipeline itself, with programs that see to their user themselves.
  recover(wish: Omit<Wish, 'form'>, to: string, signal?: AbortSignal): Promise<Recovered>;
  // The plugin, against the repository and with the identity.
  run(...args: string[]): Promise<Outcome>;
  // A server on a restored directory.
  startOn(dataDirectory: string, options?: Partial<ServerOptions>): Promise<PostgresServer>;
  stop(): Promise<void>;
};

export const makeWorld = async (location?: TierPlan['location']): Promise<World> => {
  const fixture = await makeFixture();
  const repository = await makeRepository(join(fixture.directory, 'repository'));
  const { directory } = repository;
  const identityFile = join(fixture.directory, 'identity.txt');
  const base = repository.plan({} as PostgresqlSource);
  const [verificationKey] = base.verificationKeys as [{ id: string; key: string }];
  const identity = readFileSync(repository.identityFile, 'utf8');
  await writeFile(identityFile, `# verification key: ${verificationKey.id} ${verificationKey.key}\n${identity}`);
  const tier: TierPlan = { name: 'local', location: location ?? { kind: 'directory', directory } };
  const servers: PostgresServer[] = [];
  let starts = 0;

  const seal = async (backup: SealPlan['backup']): Promise<void> => {
    const { policy, clusterId, verificationKeys, signingKeyFile } = base;
    const plan: SealPlan = {
      verb: 'seal',
      policy,
      clusterId,
      verificationKeys,
      signingKeyFile,
      backup,
      tier,
      components: [{ name: 'db', attempt: 1 }],
      failed: [],
    };
    const result = await runPlan(plan, { log: silent, report: () => undefined, kept: keepLog(), signal: new AbortController().signal });
    mustSucceed(result);
  };

  return {
    fixture,
    directory,
    identityFile,
    verificationKey,
    safety: { recipients: base.recipients, signingKeyFile: base.signingKeyFile, isLastTry: true },
    async backUp(server, slot, changes = {}) {
      const backup = { id: `${slot.replaceAll(/[-:]/g, '')}-full-3f9a1c04`, type: 'Full' as const, slot };
      const source = await fixture.source(server, changes);
      mustSucceed(await runDump({ ...repository.plan(source), backup, tier }));
      await seal(backup);
      return backup.id;
    },
    async backUpOn(server, slot, { parentId, required = false, changes = {} }) {
      const backup = { id: `${slot.replaceAll(/[-:]/g, '')}-incremental-3f9a1c04`, type: 'Incremental' as const, slot };
      const increment = { parentId, stateIdentityFile: repository.stateIdentityFile, required };
      const result = await runDump({ ...repository.plan(await fixture.source(server, changes)), backup, tier, increment });
      if (result.outcome === 'Succeeded') {
        await seal(backup);
      }
      return { id: backup.id, result };
    },
    async receive(server, changes = {}) {
      const { physical: _, logical: __, ...postgresql } = await fixture.source(server);
      const { policy, clusterId, verificationKeys, signingKeyFile, recipients } = base;
      return startReceiver({
        verb: 'receive',
        policy,
        clusterId,
        verificationKeys,
        signingKeyFile,
        recipients,
        component: 'db',
        mode: 'Continuous',
        tiers: [{ ...tier, acknowledge: true }],
        postgresql,
        slot: walSlot,
        flushSeconds: 0.3,
        synchronous: false,
        ...changes,
      });
    },
    recover: (wish, to, signal = new AbortController().signal) =>
      recover(
        {
          location: tier.location,
          verificationKeys: base.verificationKeys,
          identities: identitiesIn(identity),
          wish: { ...wish, form: 'physical' },
          target: { kind: 'directory', path: to, keep: [], owner: { uid: serverUid, gid: serverUid } },
        },
        {
          log: silent,
          signal,
          now: () => new Date(),
          step: (_name, work) => work(),
          progress: () => undefined,
          dropsPrivileges: false,
        },
        () => undefined,
      ),
    run: (...args) => runHere([...args, '--from', directory, '--identity', identityFile], { now: Date.now }),
    async startOn(dataDirectory, options = {}) {
      starts += 1;
      const server = await startServer({
        dataDirectory,
        socketDirectory: join(fixture.directory, `r${starts}`),
        settings: { ssl: 'off', fsync: 'off' },
        hba: [],
        ...options,
      });
      servers.push(server);
      return server;
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop('immediate')));
      await fixture.stop();
    },
  };
};

export const asServer = ['--owner', `${serverUid}:${serverUid}`];

const mustSucceed = ({ outcome, message }: { outcome: string; message?: string }): void => {
  if (outcome !== 'Succeeded') {
    throw new Error(message);
  }
};
