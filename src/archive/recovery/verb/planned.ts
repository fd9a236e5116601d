// The plan of one component as the status of a Restore has it, and the name of it.
import { createHash } from 'node:crypto';
import { lsnText } from '../../../api/lsn.ts';
import type { PlannedComponent } from '../../../api/restore-status.ts';
import type { ReadEstimate } from '../../../core/recovery/plan.ts';
import type { Replay, ReplayTarget } from '../../../core/recovery/replay.ts';
import { microsText, readInstant } from '../../../core/recovery/wish.ts';
import type { Prepared } from '../prepare.ts';
import type { SourcedPlan } from './wish.ts';

const mostNotes = 8;
const longestText = 500;

export const plannedOf = (request: SourcedPlan, prepared: Prepared, reading?: ReadEstimate): PlannedComponent => {
  const { plan, replay } = prepared;
  const chain = plan.chain.map(({ backupId }) => backupId);
  const { time, lsn, timeline } = { ...plan.reaches, ...(replay === undefined ? {} : endOf(replay.replay)) };
  return {
    name: request.component,
    hash: hashOf(request, prepared),
    ...placeText(request.target),
    backupId: chain.at(-1) ?? '',
    ...(chain.length > 1 ? { chain } : {}),
    ...(time === undefined ? {} : { reachesTime: time }),
    ...(lsn === undefined ? {} : { reachesLsn: lsn }),
    ...(timeline === undefined ? {} : { timeline }),
    fetchBytes: plan.fetchBytes,
    ...(plan.spaceBytes === undefined ? {} : { spaceBytes: plan.spaceBytes }),
    ...(reading === undefined ? {} : { estimateSeconds: reading.seconds }),
    lost: plan.lost.slice(0, longestText),
    ...(plan.notes.length === 0 ? {} : { notes: plan.notes.slice(0, mostNotes).map((note) => note.slice(0, longestText)) }),
  };
};

// Where the replay ends, as far as that is known beforehand.
const endOf = ({ target, to }: Replay): { time?: string; lsn?: string } => {
  switch (target.kind) {
    case 'end':
      return { lsn: lsnText(to) };
    case 'lsn':
      return { lsn: lsnText(target.lsn) };
    case 'time':
      return { time: microsText(readInstant(target.text) ?? 0) };
    case 'name':
      return {};
  }
};

const placeText = (target: SourcedPlan['target']): Pick<PlannedComponent, 'target' | 'overwrites'> => {
  switch (target.kind) {
    case 'volume':
      return { target: `the folder ${target.path} of ${target.claimName === '' ? 'a new claim' : `the new claim ${target.claimName}`}` };
    case 'inPlace':
      return {
        target: `the folder ${target.path} of the claim ${target.claimName}, in place`,
        overwrites: `the data directory ${target.path} of the claim ${target.claimName}`,
      };
    case 'server':
      return {
        target: `the server ${target.server.host}:${target.server.port}${target.into === undefined ? '' : `, database ${target.into}`}`,
      };
  }
};

// Over what is read, up to where, and where it goes; not over room and speed, which change by the minute.
const hashOf = ({ component, target }: SourcedPlan, { plan, replay }: Prepared): string => {
  const facts = {
    repositoryId: plan.repositoryId,
    component,
    form: plan.form,
    chain: plan.chain.map(({ backupId }) => backupId),
    point: replay === undefined ? 'the end of the backup' : pointFacts(replay.replay),
    target: targetFacts(target),
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
};

const pointFacts = ({ lineageId, timeline, target, to }: Replay): object => ({
  lineageId,
  timeline,
  target: targetText(target),
  ...(target.kind === 'end' ? { to: lsnText(to) } : {}),
});

const targetText = (target: ReplayTarget): object => (target.kind === 'lsn' ? { ...target, lsn: lsnText(target.lsn) } : target);

const targetFacts = (target: SourcedPlan['target']): object => {
  if (target.kind !== 'server') {
    const { kind, claimName, path } = target;
    // A new claim has its name when it is made, and nothing on it.
    return { kind, path, ...(kind === 'inPlace' ? { claimName } : {}) };
  }
  const { kind, server, databases, into, add, roles } = target;
  return { kind, host: server.host, port: server.port, databases: databases.toSorted(), into, add, roles };
};
