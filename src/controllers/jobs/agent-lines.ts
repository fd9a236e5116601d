// Reads what agents print. A pod may print anything: what does not fit is passed over, and nothing longer than its limit gets into a status.
// The small zod: the operator loads it at start, and the whole one takes 13 MiB.
import * as z from 'zod/mini';
import type { AgentResult, EntryLine, ProgressLine, WalLine, WindowLine } from '../../api/agent.ts';
import type { PlannedLine } from '../../api/recover.ts';
import { backupTypes, wholeReasons } from '../../api/backup-type.ts';
import { categoryNames } from '../../api/categories.ts';
import { amount, id, lsn, name, text, time, timeline } from './line-fields.ts';
import { plannedLine, recoverFacts } from './recover-lines.ts';

const longestMessage = 1024;
const seconds = () => z.number().check(z.minimum(0), z.maximum(1e9));

const progress = z.object({ kind: z.literal('progress'), time: time(), phase: text(40), bytes: amount() });

const entry = z.object({
  kind: z.literal('entry'),
  tier: name(),
  backupId: id(),
  type: z.enum(backupTypes),
  slot: z.string().check(z.maxLength(40)),
  verdict: z.enum(['Passed', 'Failed', 'Inconclusive']),
  code: z.exactOptional(text(64)),
  message: z.exactOptional(text(longestMessage)),
  bytes: amount(),
  seconds: seconds(),
  components: z
    .array(z.object({ name: name(), bytes: amount(), restorableTo: z.exactOptional(time()), parent: z.exactOptional(id()) }))
    .check(z.maxLength(32)),
  failed: z.array(name()).check(z.maxLength(32)),
  verifiedTime: z.exactOptional(time()),
});

const span = { timeline: timeline(), fromLsn: lsn(), toLsn: lsn(), from: z.exactOptional(time()), to: z.exactOptional(time()) };

const windowLine = z.object({
  kind: z.literal('window'),
  tier: name(),
  component: name(),
  mark: z.exactOptional(z.object({ time: time(), lsn: lsn(), timeline: timeline() })),
  newest: z.exactOptional(z.object({ lineageId: id(), timeline: timeline(), fromLsn: lsn(), toLsn: lsn(), isReached: z.boolean() })),
  restorableTo: z.exactOptional(time()),
  leadsOn: z.exactOptional(z.object({ lineageId: id(), timeline: timeline(), toLsn: lsn(), from: z.exactOptional(time()) })),
  present: z.exactOptional(z.object({ backupId: z.exactOptional(id()) })),
  intervals: z.array(z.object(span)).check(z.maxLength(50)),
  olderIntervals: z.exactOptional(amount()),
  gaps: z.array(z.object({ ...span, reason: z.exactOptional(text(40)) })).check(z.maxLength(20)),
  olderGaps: z.exactOptional(amount()),
});

const walLine = z.object({
  kind: z.literal('wal'),
  time: time(),
  lineageId: z.exactOptional(id()),
  timeline: z.exactOptional(timeline()),
  fromLsn: z.exactOptional(lsn()),
  storedLsn: z.exactOptional(lsn()),
  acknowledgedLsn: z.exactOptional(lsn()),
  markTime: z.exactOptional(time()),
  trouble: z.exactOptional(z.object({ code: text(64), message: text(longestMessage), since: time() })),
  followers: z
    .array(
      z.object({
        tier: name(),
        storedLsn: z.exactOptional(lsn()),
        markTime: z.exactOptional(time()),
        code: z.exactOptional(text(64)),
        message: z.exactOptional(text(longestMessage)),
      }),
    )
    .check(z.maxLength(8)),
});

const resultBase = z.object({
  kind: z.literal('result'),
  time: time(),
  outcome: z.enum(['Succeeded', 'Failed']),
  category: z.enum(categoryNames),
  code: z.exactOptional(text(64)),
  message: z.exactOptional(text(longestMessage)),
  retryable: z.exactOptional(z.boolean()),
  phases: z.exactOptional(z.array(z.object({ name: text(63), seconds: seconds() })).check(z.maxLength(64))),
});

const inspectFacts = {
  repositoryId: z.exactOptional(id()),
  backups: z.exactOptional(amount()),
  refused: z.exactOptional(amount()),
  writer: z.exactOptional(
    z.object({
      epoch: amount(),
      clusterId: z.string().check(z.minLength(1), z.maxLength(128)),
      namespace: name(),
      name: name(),
      startTime: time(),
      ours: z.boolean(),
    }),
  ),
  stored: z.exactOptional(z.object({ dataBytes: amount(), manifestBytes: amount(), otherBytes: amount() })),
  volume: z.exactOptional(z.object({ capacityBytes: amount(), freeBytes: amount() })),
  abandoned: z.exactOptional(z.object({ attempts: amount(), bytes: amount() })),
  unfinishedUploads: z.exactOptional(amount()),
  verified: z.exactOptional(
    z.object({
      backups: amount(),
      unverified: amount(),
      readBytes: amount(),
      newestTime: z.exactOptional(time()),
      oldestTime: z.exactOptional(time()),
    }),
  ),
  damaged: z.exactOptional(
    z.object({
      objects: amount(),
      first: z.array(z.object({ key: text(800), code: text(64), message: text(300) })).check(z.maxLength(3)),
    }),
  ),
  wal: z.exactOptional(
    z.object({
      components: amount(),
      refused: z.exactOptional(z.object({ verdict: z.enum(['Failed', 'Inconclusive']), code: text(64), message: text(300) })),
    }),
  ),
};

const result = z.discriminatedUnion('verb', [
  z.extend(resultBase, {
    verb: z.literal('dump'),
    backupId: id(),
    component: name(),
    attempt: amount(),
    bytes: z.exactOptional(amount()),
    restorableTo: z.exactOptional(time()),
    parent: z.exactOptional(id()),
    whole: z.exactOptional(z.object({ reason: z.enum(wholeReasons), message: text(longestMessage) })),
    verification: z.exactOptional(z.object({ level: z.literal('L2'), verdict: z.enum(['Passed', 'Failed', 'Inconclusive']) })),
  }),
  z.extend(resultBase, { verb: z.literal('seal'), backupId: id(), repositoryId: z.exactOptional(id()), bytes: z.exactOptional(amount()) }),
  z.extend(resultBase, { verb: z.literal('copy'), backupId: id(), bytes: z.exactOptional(amount()) }),
  z.extend(resultBase, {
    verb: z.literal('adopt'),
    repositoryId: z.exactOptional(id()),
    epoch: z.exactOptional(amount()),
    tiers: z.exactOptional(amount()),
  }),
  z.extend(resultBase, {
    verb: z.literal('audit'),
    attempt: amount(),
    written: z.exactOptional(z.boolean()),
    key: z.exactOptional(text(200)),
    note: z.exactOptional(text(longestMessage)),
  }),
  z.extend(resultBase, {
    verb: z.literal('receive'),
    component: name(),
    timeline: z.exactOptional(timeline()),
    storedLsn: z.exactOptional(lsn()),
    restorableTo: z.exactOptional(time()),
    slot: z.exactOptional(z.enum(['Dropped', 'Absent', 'Kept'])),
  }),
  z.extend(resultBase, recoverFacts),
  z.extend(resultBase, {
    verb: z.literal('inspect'),
    tier: name(),
    ...inspectFacts,
  }),
]);

const line = z.union([progress, entry, windowLine, walLine, plannedLine, result]);

// Undefined for what is no line of the protocol, or not for us (logs).
export const parseAgentLine = (
  content: string,
): ProgressLine | EntryLine | WindowLine | WalLine | PlannedLine | AgentResult | undefined => {
  if (!content.startsWith('{') || !/"kind":"(progress|entry|window|wal|planned|result)"/.test(content)) {
    return undefined;
  }
  try {
    return line.safeParse(JSON.parse(content)).data;
  } catch {
    return undefined;
  }
};

// The result in a termination message.
export const parseResult = (content: string | undefined): AgentResult | undefined => {
  const parsed = content === undefined ? undefined : parseAgentLine(content.trim());
  return parsed?.kind === 'result' ? parsed : undefined;
};
