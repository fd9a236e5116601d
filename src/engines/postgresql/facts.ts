// What the record of the component says (signed, readable by anybody), and what lies encrypted beside the data (facts.json).
import type { PostgresqlSource } from '../../api/agent.ts';
import type { ComponentFacts, PostgresqlFacts, SmallArtifact } from '../engine.ts';
import type { DumpFacts } from './logical/database-dump.ts';
import type { BackupManifest } from './physical/backup-manifest.ts';
import { historyDocument } from './physical/history-proof.ts';
import type { HistoryProof } from './physical/history-proof.ts';
import type { Preflight } from './preflight.ts';

export type Gathered = {
  preflight: Preflight;
  // Of the physical copy, where there is one.
  copy?: { manifest: BackupManifest; restorableTo: Date | undefined; commitsUntil: Date | undefined; history?: HistoryProof };
  dumps: DumpFacts[];
};

// What the component brings back is the physical copy, where there is one; else the oldest dump.
export const componentFacts = ({ physical }: PostgresqlSource, { preflight, copy, dumps }: Gathered): ComponentFacts => {
  const { server } = preflight;
  const oldestDump = dumps
    .map(({ snapshotTime }) => snapshotTime)
    .toSorted()
    .at(0);
  const restorableTo = physical ? copy?.restorableTo?.toISOString() : oldestDump;
  return {
    versions: {
      postgresql: server.version,
      ...(server.libc === undefined ? {} : { libc: server.libc }),
      ...(server.icu === undefined ? {} : { icu: server.icu }),
    },
    ...(restorableTo === undefined ? {} : { restorableTo }),
    postgresql: postgresqlFacts({ preflight, dumps, ...(copy === undefined ? {} : { copy }) }),
  };
};

const postgresqlFacts = ({ preflight, copy, dumps }: Gathered): PostgresqlFacts => {
  const { server, databases } = preflight;
  const [first] = copy?.manifest.walRanges ?? [];
  const last = copy?.manifest.walRanges.at(-1);
  const extensions = [...new Set(databases.flatMap((database) => database.extensions))].toSorted();
  return {
    systemIdentifier: server.systemIdentifier,
    walSegmentBytes: server.walSegmentBytes,
    dataChecksums: server.dataChecksums,
    ...(first === undefined || last === undefined ? {} : { timeline: last.timeline, startLsn: first.startLsn, stopLsn: last.endLsn }),
    ...(copy?.commitsUntil === undefined ? {} : { commitsUntil: copy.commitsUntil.toISOString() }),
    ...(extensions.length === 0 ? {} : { extensions }),
    ...(dumps.length === 0 ? {} : { snapshots: Object.fromEntries(dumps.map(({ artifact, snapshotTime }) => [artifact, snapshotTime])) }),
  };
};

// Small documents beside what was streamed.
export const documentsOf = (gathered: Gathered): SmallArtifact[] => [
  ...factsDocument(gathered),
  ...(gathered.copy?.history === undefined ? [] : [historyDocument(gathered.copy.history)]),
];

// facts.json: names and numbers of rows. A restore is compared with them.
const factsDocument = ({ dumps }: Gathered): SmallArtifact[] =>
  dumps.length === 0
    ? []
    : [
        {
          name: 'facts.json',
          content: Buffer.from(JSON.stringify({ schema: 'holdfast.dev/facts/v1', minReader: 1, databases: dumps })),
          state: false,
        },
      ];
