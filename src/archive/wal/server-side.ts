// The server as a receiver meets it: asked, checked, and with its slot.
import { segmentStart } from '../../api/lsn.ts';
import { EngineError } from '../../engines/engine.ts';
import { connect } from '../../engines/postgresql/client.ts';
import type { Session, Target } from '../../engines/postgresql/client.ts';
import { readServerFacts } from '../../engines/postgresql/server-facts.ts';
import { checkWalServer } from '../../engines/wal/checks.ts';
import { identifySystem, readHistoryFile, readKeepSettings, readSlot } from '../../engines/wal/server.ts';
import type { SlotState, WalServer } from '../../engines/wal/server.ts';
import { createSlot } from '../../engines/wal/create-slot.ts';
import { releaseSlot } from '../../engines/wal/release-slot.ts';
import type { ReceivePlan, WalSource } from '../../api/agent.ts';
import type { ServerPlace } from '../../core/wal/start.ts';
import { parseHistory } from '../../core/wal/timelines.ts';

const usualStallSeconds = 30;
// How long a receiver waits for a sender to let go of its own slot: one that has just ended, as a rule.
export const releaseMilliseconds = 10_000;

export const stallSecondsOf = ({ stallSeconds = usualStallSeconds }: ReceivePlan): number => stallSeconds;

// A question that gets no answer for so long will never get one.
export const serverTarget = ({ database, credentialsDirectory, ...server }: WalSource, answerMilliseconds: number): Target => ({
  server,
  database,
  credentialsDirectory,
  answerMilliseconds,
});

export const targetOf = (plan: ReceivePlan): Target => serverTarget(plan.postgresql, stallSecondsOf(plan) * 1000);

export type AskedServer = {
  // For questions while WAL streams.
  readonly session: Session;
  readonly place: ServerPlace;
  readonly version: number;
  readonly slot: SlotState | undefined;
  // The history file of its timeline, where it has one.
  readonly history?: Buffer;
};

// Connects, asks and checks. The caller ends the session.
export const askServer = async (plan: ReceivePlan): Promise<AskedServer> => {
  const target = targetOf(plan);
  const session = await connect(target);
  try {
    const facts = await readServerFacts(session);
    const keep = await readKeepSettings(session);
    const slot = await readSlot(session, plan.slot);
    const hasLimit = plan.maxRetainedBytes !== undefined;
    checkWalServer({ server: facts, keep, slot, wanted: { version: plan.postgresql.version, hasLimit } });
    const { history, ...system } = await askSystem(target);
    const place: ServerPlace = {
      ...system,
      segmentBytes: facts.walSegmentBytes,
      inRecovery: keep.inRecovery,
      ancestors: history === undefined ? [] : (parseHistory(history.toString('utf8')) ?? []),
    };
    return { session, place, version: facts.major, slot, ...(history === undefined ? {} : { history }) };
  } catch (error) {
    await session.end();
    throw error;
  }
};

const askSystem = async (target: Target): Promise<WalServer & { history?: Buffer }> => {
  const replication = await connect({ ...target, replication: true });
  try {
    const system = await identifySystem(replication);
    return system.timeline === 1 ? system : { ...system, history: await readHistoryFile(replication, system.timeline) };
  } finally {
    await replication.end();
  }
};

// The slot, made where it is missing, and made anew where it has lost its WAL. `keptFrom`: the beginning of the oldest segment that it keeps.
export const ensureSlot = async (
  plan: ReceivePlan,
  { session, slot, place }: AskedServer,
  signal: AbortSignal,
): Promise<{ keptFrom: bigint }> => {
  const target = targetOf(plan);
  if (slot?.isLost === true) {
    await releaseSlot(target, plan.slot, releaseMilliseconds, signal);
  }
  if (slot === undefined || slot.isLost) {
    await createSlot(target, plan.slot);
  }
  const found = await readSlot(session, plan.slot);
  if (found?.restart === undefined) {
    throw new EngineError('SlotLost', `The replication slot "${plan.slot}" reserves no WAL. Drop it: the receiver makes its own.`);
  }
  return { keptFrom: segmentStart(found.restart, place.segmentBytes) };
};
