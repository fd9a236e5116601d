// Whether a receiver archives, as far as one knows now. Silence is never taken for health, and a pod that is being replaced not for a failure.
import type { ConditionReason } from '../../api/conditions.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import { withRemedy } from '../jobs/start-remedy.ts';
import { instantOf, minute, second } from '../plan/time.ts';
import type { Heard, ReceiverFacts } from './facts.ts';
import { reasonOfCode } from './reasons.ts';

export type ReceiverVerdict = Pick<WalArchiveStatus, 'state'> & {
  reason: ConditionReason;
  message: string;
  // It runs and has been silent for so long that another one shall take its place.
  hangs?: boolean;
  // When it may be another one although nothing changed.
  againMilliseconds?: number;
};

// What was known last, and since when it is in that state.
export type KnownVerdict = ReceiverVerdict & { since?: string };

// A line comes every ten seconds.
const silenceMilliseconds = 45 * second;
const hangingMilliseconds = 3 * minute;
// What a receiver mends by itself, it mends in this time.
const troubleMilliseconds = 30 * second;
// A mark is stored at least every minute.
const markMilliseconds = 3 * minute;

const starting: ReceiverVerdict = { state: 'Starting', reason: 'ReceiverStarting', message: 'The receiver is being started.' };
const archiving: ReceiverVerdict = { state: 'Archiving', reason: 'WalArchived', message: '' };
const failing = (reason: ConditionReason, message: string): ReceiverVerdict => ({ state: 'Failing', reason, message });

// `before`: what was known last. It holds until there is something better to say.
export const judgeReceiver = (facts: ReceiverFacts | undefined, before: KnownVerdict | undefined, now: number): ReceiverVerdict => {
  const unchanged = before ?? starting;
  if (facts === undefined || facts.deleting) {
    return missing(before, now);
  }
  if (!facts.ours) {
    const message = `A Deployment named ${facts.name} exists that Holdfast did not make for this policy. Delete it.`;
    return failing('ReceiverCannotStart', message);
  }
  if (facts.scaledDown) {
    return failing('ReceiverStopped', `Its Deployment was scaled to 0: kubectl scale deployment ${facts.name} --replicas=1`);
  }
  if (facts.pod?.state === 'Ended' && facts.pod.result?.outcome === 'Failed' && facts.pod.result.code !== 'Interrupted') {
    const { code, message } = facts.pod.result;
    return failing(reasonOfCode(code), `${code ?? 'Failed'}: ${message ?? 'The agent gave no reason.'}`);
  }
  const silentSince = Math.max(facts.aliveTime, facts.pod?.state === 'Running' ? facts.pod.startTime : 0);
  const left = silentSince + silenceMilliseconds - now;
  if (left <= 0) {
    const patience = silentSince + hangingMilliseconds - now;
    return { ...silent(facts), ...(patience > 0 ? { againMilliseconds: patience } : { hangs: facts.pod?.state === 'Running' }) };
  }
  const verdict = facts.heard === undefined || facts.pod?.state !== 'Running' ? unchanged : (judgeLine(facts.heard, now) ?? unchanged);
  return { ...verdict, againMilliseconds: Math.min(left, verdict.againMilliseconds ?? left) };
};

// Its Deployment is made in a moment. `since` tells for how long that has not come to pass.
const missing = (before: KnownVerdict | undefined, now: number): ReceiverVerdict => {
  if (before === undefined || before.state === 'Archiving') {
    return { ...starting, againMilliseconds: silenceMilliseconds };
  }
  const left = (instantOf(before.since) ?? now) + silenceMilliseconds - now;
  if (before.state !== 'Starting') {
    return before;
  }
  return left > 0
    ? { ...starting, againMilliseconds: left }
    : failing('ReceiverCannotStart', 'Its Deployment cannot be made. The log of the operator says why; perhaps another one has its name.');
};

// From what it says itself. Undefined: it has only begun.
const judgeLine = ({ line, markSince }: Heard, now: number): ReceiverVerdict | undefined => {
  const { trouble, storedLsn } = line;
  if (trouble !== undefined) {
    // Both times are of one clock.
    const lasts = (instantOf(line.time) ?? 0) - (instantOf(trouble.since) ?? 0);
    return lasts >= troubleMilliseconds ? failing(reasonOfCode(trouble.code), `${trouble.code}: ${trouble.message}`) : undefined;
  }
  if (storedLsn === undefined) {
    return undefined;
  }
  const left = markSince + markMilliseconds - now;
  return left > 0
    ? { ...archiving, againMilliseconds: left }
    : failing('WalBehind', 'It runs and names no trouble, but for three minutes it has stored nothing that vouches for a newer instant.');
};

const silent = ({ name, pod }: ReceiverFacts): ReceiverVerdict => {
  switch (pod?.state) {
    case undefined:
      return failing('ReceiverCannotStart', `Its Deployment has no pod: kubectl describe deployment ${name}`);
    case 'Waiting':
      return failing('ReceiverCannotStart', withRemedy(steady(pod.message ?? `It does not start: kubectl describe deployment ${name}`)));
    case 'Running':
      return failing(
        'ReceiverSilent',
        `It runs, but has said nothing for ${silenceMilliseconds / second} s: it hangs, or its node is lost. Another one takes its place after three minutes; at once: kubectl rollout restart deployment ${name}`,
      );
    case 'Ended':
      return failing('ReceiverFailed', pod.message);
  }
};

// What the kubelet says while it tries again, without what changes from try to try.
const steady = (message: string): string =>
  message
    .replace(/^(ErrImagePull|ImagePullBackOff): (the image \S+ cannot be had)\..*$/s, 'ImagePullBackOff: $2')
    .replace(/^(CrashLoopBackOff): back-off \S+ /, '$1: back-off ');
