// Dumps into a running server: roles first, then each database, then its rows are compared with what the snapshot saw; new databases get their names in the end.
import { globalsArtifact } from '../../core/recovery/plan.ts';
import type { DumpFacts } from '../../engines/postgresql/logical/database-dump.ts';
import { checkRows } from '../../engines/postgresql/recovery/check-rows.ts';
import { lookAtServer, runSql } from '../../engines/postgresql/recovery/connection.ts';
import { planRoles } from '../../engines/postgresql/recovery/roles.ts';
import type { Store } from '../../stores/store.ts';
import { readSmallArtifact } from '../read-artifact.ts';
import type { RecoveryContext } from './context.ts';
import { chooseParts, tablesToCompare } from './dumps/choose-parts.ts';
import type { Part } from './dumps/choose-parts.ts';
import { build, chooseName, dropBuilt, dropLeftovers, findReady, putInPlace, giveUpMarks } from './dumps/new-databases.ts';
import type { Built } from './dumps/new-databases.ts';
import { restorePart } from './dumps/read-dump.ts';
import type { Run } from './dumps/run.ts';
import type { OpenLink } from './open-link.ts';
import type { Prepared } from './prepare.ts';
import type { ServerTarget } from './request.ts';

const largestDocumentBytes = 256 * 1024 ** 2;

// `tablesCompared`: absent where an earlier attempt has made the database.
type RestoredDatabase = { database: string; into: string; created: boolean; tablesCompared?: number };
export type RestoredServer = { roles: { made: string[]; kept: string[] }; databases: RestoredDatabase[] };

export const restoreIntoServer = async (
  store: Store,
  { plan, chain, dumps }: Prepared,
  target: ServerTarget,
  context: RecoveryContext,
): Promise<RestoredServer> => {
  const run: Run = { store, link: chain.at(-1) as OpenLink, target, context, fetchBytes: plan.fetchBytes };
  const facts = await readFacts(run);
  const parts = await context.step('choose', () => chooseParts(run, dumps));
  await context.step('roles', () => dropLeftovers(run, dumps));
  const roles = await context.step('roles', () => restoreRoles(run));
  const built: Built[] = [];
  const databases: RestoredDatabase[] = [];
  try {
    for (const part of newOnesFirst(parts)) {
      databases.push(await restoreOne(run, part, facts, built));
    }
    if (built.length > 0) {
      await context.step('put in place', () => putInPlace(run, built));
    }
  } catch (error) {
    await dropBuilt(run, built);
    throw error;
  }
  if (built.length > 0) {
    await context.step('put in place', () => giveUpMarks(run, built));
  }
  return { roles, databases };
};

// What cannot be taken back comes last.
const newOnesFirst = (parts: readonly Part[]): Part[] => [
  ...parts.filter(({ dump }) => dump.create),
  ...parts.filter(({ dump }) => !dump.create),
];

const restoreOne = async (run: Run, part: Part, facts: readonly DumpFacts[], built: Built[]): Promise<RestoredDatabase> => {
  const { dump } = part;
  const { database, into, create } = dump;
  const { target, context } = run;
  if (dump.ready === true) {
    built.push(await findReady(run, part));
    return { database, into, created: true };
  }
  const name = create ? chooseName(run, dump) : into;
  await context.step(`restore ${database}`, () => (create ? build(run, part, name, built) : restorePart(run, part, into)));
  const tablesCompared = await context.step(`check ${database}`, () =>
    checkRows(target.connection, { database: name, called: into, after: afterWrong(create) }, tablesToCompare(facts, part), context.signal),
  );
  return { database, into, created: create, tablesCompared };
};

const afterWrong = (create: boolean): string =>
  create ? 'It is dropped again; nobody has seen it.' : 'It was left as it is; find out what wrote to it.';

const readSmall = ({ store, link, context: { signal } }: Run, name: string): Promise<Buffer> | undefined => {
  const record = link.component.artifacts.find((artifact) => artifact.name === name);
  return record === undefined
    ? undefined
    : readSmallArtifact({ store, identities: [link.identity ?? ''], signal }, record, largestDocumentBytes);
};

const readFacts = async (run: Run): Promise<DumpFacts[]> => {
  const content = await readSmall(run, 'facts.json');
  return content === undefined ? [] : (JSON.parse(content.toString('utf8')) as { databases: DumpFacts[] }).databases;
};

// All of them or none. A role that is there already is not touched.
const restoreRoles = async (run: Run): Promise<RestoredServer['roles']> => {
  const { target, context } = run;
  const content = target.roles ? await readSmall(run, globalsArtifact) : undefined;
  if (content === undefined) {
    return { made: [], kept: [] };
  }
  const { roles } = await lookAtServer(target.connection, context.signal);
  const { statements, made, kept } = planRoles(content.toString('utf8'), roles);
  await runSql(target.connection, target.connection.conninfo, statements.map((each) => `${each};\n`).join(''), {
    signal: context.signal,
    what: 'Making the roles',
    once: true,
  });
  return { made, kept };
};
