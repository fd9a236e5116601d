// Reads what agents print. A pod may print anything: what does not fit is passed over, and nothing longer than its limit gets into a status.
import { z } from 'zod';
import type { AgentResult, EntryLine, ProgressLine } from '../../api/agent.ts';
import { categoryNames } from '../../api/categories.ts';

const longestMessage = 1024;
const text = (most: number) => z.string().transform((value) => value.slice(0, most));
const id = () => z.string().min(1).max(64);
const name = () => z.string().min(1).max(63);
const amount = () => z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const time = () => z.iso.datetime({ offset: true }).max(40);
const seconds = () => z.number().min(0).max(1e9);

const progress = z.object({ kind: z.literal('progress'), time: time(), phase: text(40), bytes: amount() });

const entry = z.object({
  kind: z.literal('entry'),
  tier: name(),
  backupId: id(),
  type: z.literal('Full'),
  slot: z.string().max(40),
  verdict: z.enum(['Passed', 'Failed', 'Inconclusive']),
  code: text(64).exactOptional(),
  message: text(longestMessage).exactOptional(),
  bytes: amount(),
  seconds: seconds(),
  components: z.array(z.object({ name: name(), bytes: amount(), restorableTo: time().exactOptional() })).max(32),
  failed: z.array(name()).max(32),
  verifiedTime: time().exactOptional(),
});

const resultBase = z.object({
  kind: z.literal('result'),
  time: time(),
  outcome: z.enum(['Succeeded', 'Failed']),
  category: z.enum(categoryNames),
  code: text(64).exactOptional(),
  message: text(longestMessage).exactOptional(),
  retryable: z.boolean().exactOptional(),
  phases: z
    .array(z.object({ name: text(63), seconds: seconds() }))
    .max(64)
    .exactOptional(),
});

const inspectFacts = {
  repositoryId: id().exactOptional(),
  backups: amount().exactOptional(),
  refused: amount().exactOptional(),
  writer: z
    .object({
      epoch: amount(),
      clusterId: z.string().min(1).max(128),
      namespace: name(),
      name: name(),
      startTime: time(),
      ours: z.boolean(),
    })
    .exactOptional(),
  stored: z.object({ dataBytes: amount(), manifestBytes: amount(), otherBytes: amount() }).exactOptional(),
  volume: z.object({ capacityBytes: amount(), freeBytes: amount() }).exactOptional(),
  abandoned: z.object({ attempts: amount(), bytes: amount() }).exactOptional(),
  unfinishedUploads: amount().exactOptional(),
  verified: z
    .object({
      backups: amount(),
      unverified: amount(),
      readBytes: amount(),
      newestTime: time().exactOptional(),
      oldestTime: time().exactOptional(),
    })
    .exactOptional(),
  damaged: z
    .object({
      objects: amount(),
      first: z.array(z.object({ key: text(800), code: text(64), message: text(300) })).max(3),
    })
    .exactOptional(),
};

const result = z.discriminatedUnion('verb', [
  resultBase.extend({
    verb: z.literal('dump'),
    backupId: id(),
    component: name(),
    attempt: amount(),
    bytes: amount().exactOptional(),
    restorableTo: time().exactOptional(),
    verification: z.object({ level: z.literal('L2'), verdict: z.enum(['Passed', 'Failed', 'Inconclusive']) }).exactOptional(),
  }),
  resultBase.extend({ verb: z.literal('seal'), backupId: id(), repositoryId: id().exactOptional(), bytes: amount().exactOptional() }),
  resultBase.extend({ verb: z.literal('copy'), backupId: id(), bytes: amount().exactOptional() }),
  resultBase.extend({
    verb: z.literal('inspect'),
    tier: name(),
    ...inspectFacts,
  }),
]);

const line = z.union([progress, entry, result]);

// Undefined for what is no line of the protocol, or not for us (logs).
export const parseAgentLine = (content: string): ProgressLine | EntryLine | AgentResult | undefined => {
  if (!content.startsWith('{') || !/"kind":"(progress|entry|result)"/.test(content)) {
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
