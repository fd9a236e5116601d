// The engine for PostgreSQL: a physical copy with its own WAL, a dump of each database, the globals, and what is known of them.
import type { PostgresqlSource } from '../../api/agent.ts';
import type { WholeCopy } from '../../api/backup-type.ts';
import type { Log } from '../../telemetry/log.ts';
import type { EngineRun, StreamedArtifact } from '../engine.ts';
import { EngineError } from '../engine.ts';
import { componentFacts, documentsOf } from './facts.ts';
import type { Gathered } from './facts.ts';
import { databaseDump } from './logical/database-dump.ts';
import { globalsDump } from './logical/globals.ts';
import { readLogin } from './login.ts';
import { baseBackup } from './physical/base-backup.ts';
import type { BackupManifest } from './physical/backup-manifest.ts';
import { startCommitClock } from './physical/commit-clock.ts';
import type { CommitClock } from './physical/commit-clock.ts';
import { connect } from './client.ts';
import { proveHistory } from './physical/history-proof.ts';
import { manifestArtifact } from './physical/parent-facts.ts';
import { holdSlot } from './physical/slot.ts';
import { preflight } from './preflight.ts';
import type { Preflight } from './preflight.ts';
import { afterwards } from './afterwards.ts';
import { toolLogin } from './tool-environment.ts';
import type { ServerFacts } from './server-facts.ts';
import type { ToolLogin } from './tool-environment.ts';

export const postgresqlEngine = (source: PostgresqlSource, { log }: { log: Log }): EngineRun => {
  const logins: ToolLogin[] = [];
  let known: Preflight | undefined;
  // The list of the copy that this one builds on.
  let older: { manifest: Buffer; required: boolean } | undefined;
  let refused: WholeCopy | undefined;
  let copy: Gathered['copy'];
  const dumps: Gathered['dumps'] = [];

  const environmentFor = async (credentialsDirectory: string): Promise<Record<string, string>> => {
    const login = await toolLogin(source, await readLogin(credentialsDirectory));
    logins.push(login);
    return login.environment;
  };

  // The slot keeps the WAL until the copy was read; the clock tells what is in it.
  async function* physicalCopy({ server }: Preflight): AsyncGenerator<StreamedArtifact> {
    const environment = await environmentFor(source.credentialsDirectory);
    const clock = await startCommitClock(source);
    let commitsUntil: Date | undefined;
    const onEnd = async (): Promise<void> => {
      commitsUntil = await clock.laterThanAll();
    };
    try {
      const onManifest = (manifest: BackupManifest): void => {
        copy = { manifest, restorableTo: instantOf(clock, manifest), commitsUntil };
      };
      const onRefused = (whole: WholeCopy): void => {
        log.warn('The server makes no increment now; this copy is whole', whole);
        refused = whole;
      };
      const increment = older === undefined ? {} : { older };
      const artifact = baseBackup({ environment, database: source.database, server, onManifest, onRefused, ...increment });
      yield withSlot(source, log, onEnd, artifact);
      copy = await withHistory(source, server, copy, log);
    } finally {
      await clock.close();
    }
  }

  async function* logicalCopies({ server, databases }: Preflight): AsyncGenerator<StreamedArtifact> {
    const environment = await environmentFor(source.logical.credentialsDirectory);
    for (const database of databases) {
      yield databaseDump({ source, environment, database, server, onFacts: (facts) => dumps.push(facts) });
    }
    if (source.logical.globals) {
      yield globalsDump({ environment, database: source.database });
    }
  }

  return {
    async preflight(_signal, parent) {
      known = await preflight(source, parent);
      const manifest = known.whole === undefined ? parent?.state.get(manifestArtifact) : undefined;
      older = manifest && { manifest, required: parent?.required === true };
      log.info('The server can be backed up', {
        version: known.server.version,
        databases: known.databases.length,
        databaseBytes: known.server.databaseBytes,
      });
      return { predictedBytes: known.predictedBytes, ...(known.whole === undefined ? {} : { whole: known.whole }) };
    },
    async *artifacts() {
      const found = must(known);
      if (source.physical) {
        yield* physicalCopy(found);
      }
      if (source.logical.enabled) {
        yield* logicalCopies(found);
      }
    },
    finish() {
      const gathered: Gathered = { preflight: must(known), dumps, ...(copy === undefined ? {} : { copy }) };
      return Promise.resolve({
        facts: componentFacts(source, gathered),
        documents: documentsOf(gathered),
        ...(refused === undefined ? {} : { whole: refused }),
      });
    },
    async close() {
      await Promise.all(logins.map((login) => login.close()));
    },
  };
};

const must = (known: Preflight | undefined): Preflight => {
  if (known === undefined) {
    throw new EngineError('SourceFailed', 'The preflight has not run. This is a fault in Holdfast; please report it.');
  }
  return known;
};

// Where it cannot be had, an increment on this copy is judged without: nothing is lost by that.
const withHistory = async (source: PostgresqlSource, server: ServerFacts, copy: Gathered['copy'], log: Log): Promise<Gathered['copy']> => {
  const [first] = copy?.manifest.walRanges ?? [];
  if (copy === undefined || first === undefined || server.summarizesWal !== true) {
    return copy;
  }
  try {
    const { credentialsDirectory, database } = source;
    const session = await connect({ server: source, database, credentialsDirectory });
    try {
      const history = await proveHistory(session, first.timeline, first.startLsn);
      return { ...copy, ...(history === undefined ? {} : { history }) };
    } finally {
      await session.end();
    }
  } catch (error) {
    log.warn('By what the server could be known again was not written down', { error });
    return copy;
  }
};

// Up to which instant every commit is in the copy: by its stop LSN.
const instantOf = (clock: CommitClock, { walRanges }: BackupManifest): Date | undefined => {
  const last = walRanges.at(-1);
  return last === undefined ? undefined : clock.instantBefore(last.endLsn);
};

// Holds a slot from before the copy begins until its stream has ended.
const withSlot = (source: PostgresqlSource, log: Log, onEnd: () => Promise<void>, artifact: StreamedArtifact): StreamedArtifact => ({
  ...artifact,
  async open(signal) {
    const slot = await holdSlot(source, log);
    try {
      const { stream, ended } = await artifact.open(signal);
      return { stream, ended: afterwards(ended.then(onEnd), () => slot.close()) };
    } catch (error) {
      await slot.close();
      throw error;
    }
  },
});
