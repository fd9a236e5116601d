// One connection of a receiver, from the first question to its end: where to go on, the slot, and one timeline after the other.
import { lsnBytes, lsnText } from '../../api/lsn.ts';
import type { LineageDocument } from '../../api/stored/wal.ts';
import type { WalGapReason } from '../../api/wal-gap.ts';
import { decideStart } from '../../core/wal/start.ts';
import type { ArchivePlace, Comparison, Leg } from '../../core/wal/start.ts';
import { EngineError } from '../../engines/engine.ts';
import { takeSample } from '../../engines/wal/server.ts';
import { ArchiveError } from '../errors.ts';
import { archivePlace } from './archive-place.ts';
import { beginLineage, newestLineage, storeGap, storeHistory } from './archive.ts';
import { startOf } from './index-writer.ts';
import type { Lineage } from './read-lineage.ts';
import type { Receiver } from './receiver.ts';
import { checkFor, compareHistory } from './same-history.ts';
import { askServer, ensureSlot } from './server-side.ts';
import type { AskedServer } from './server-side.ts';
import { checkSample, makeIndex, streamLeg } from './stream-leg.ts';
import type { LegOptions } from './stream-leg.ts';

// Resolves when it was told to stop, or has what it was to get. Rejects when the connection broke, or with what forbids to go on.
export const receiveOverConnection = async (receiver: Receiver): Promise<void> => {
  const { plan, store } = receiver;
  const server = await askServer(plan);
  try {
    // Before the store is asked, which may be away: the server comes first.
    checkSample(receiver, await takeSample(server.session, plan.slot));
    const lineage = await newestLineage(store, plan.component, receiver.archive.trust);
    const place = lineage === undefined ? undefined : archivePlace(lineage);
    const decision = decideStart(server.place, place, lsnText);
    switch (decision.kind) {
      case 'foreign':
        throw new ArchiveError(
          'ForeignDatabase',
          `The server at this address is another database than the one that is archived here (system identifier ${decision.found}, not ${decision.archived}). Nothing of it was stored. Correct connection.host, or give the new database a component of another name.`,
        );
      case 'wait':
        throw new EngineError('SourceUnreachable', 'The server is a standby that has not received yet what is archived already.', {
          retryable: true,
        });
      case 'begin':
        await beginAndStream(receiver, server, decision);
        return;
      case 'continue':
        if (await isContinued(receiver, lineage as Lineage, decision.compare)) {
          await continueAndStream(receiver, server, lineage as Lineage, decision.legs);
        } else {
          await beginAndStream(receiver, server, { reason: 'OtherHistory', parent: parentOf(place as ArchivePlace) });
        }
    }
  } finally {
    await server.session.end();
  }
};

// What was archived last before the server's way leaves it must be what the server has there.
const isContinued = async (receiver: Receiver, lineage: Lineage, compare: Comparison): Promise<boolean> => {
  const check = await checkFor(receiver.store, lineage, compare, receiver.archive.trust);
  const found = await compareHistory(receiver, compare, check);
  return found === 'same' || (found === 'unknown' && !compare.isRequired);
};

const parentOf = ({ lineageId, timeline, to }: ArchivePlace): LineageDocument['parent'] => ({ lineageId, timeline, lsn: lsnText(to) });

const beginAndStream = async (
  receiver: Receiver,
  server: AskedServer,
  { reason, parent }: Pick<LineageDocument, 'reason' | 'parent'>,
): Promise<void> => {
  const { plan, archive, patient, context, unique } = receiver;
  const { place } = server;
  const { keptFrom } = await ensureSlot(plan, server, context.signal);
  const document = await beginLineage(patient, archive, unique, context.now(), {
    component: plan.component,
    systemIdentifier: place.systemIdentifier,
    segmentBytes: place.segmentBytes,
    version: server.version,
    timeline: place.timeline,
    lsn: lsnText(keptFrom),
    reason,
    ...(parent === undefined ? {} : { parent }),
  });
  await keepHistory(receiver, server, document.lineageId);
  context.log.info('Began a lineage', { lineageId: document.lineageId, reason, timeline: place.timeline, from: lsnText(keptFrom) });
  await streamFrom(receiver, server, document.lineageId, { timeline: place.timeline, ...anewFrom(keptFrom) });
};

const keepHistory = async ({ archive, patient, context }: Receiver, { place, history }: AskedServer, lineageId: string): Promise<void> => {
  if (history !== undefined) {
    await storeHistory(patient, archive, { lineageId, timeline: place.timeline, now: context.now() }, history);
  }
};

const continueAndStream = async (receiver: Receiver, server: AskedServer, lineage: Lineage, legs: readonly Leg[]): Promise<void> => {
  const { plan, context } = receiver;
  const { lineageId } = lineage.document;
  await keepHistory(receiver, server, lineageId);
  const reason = reasonOf(receiver, server, lineage);
  // Which timeline was written last tells where the server is: clocks of two nodes must not turn that round.
  const notBefore = newestTime(lineage) + 1;
  const { keptFrom } = await ensureSlot(plan, server, context.signal);
  for (const [at, leg] of legs.entries()) {
    const { timeline, until } = leg;
    const page = lineage.pages.find((one) => one.timeline === timeline);
    const start = startOf(
      page,
      lineage.tails.find((one) => one.timeline === timeline),
      at === 0 && page === undefined ? lsnBytes(lineage.document.lsn) : leg.from,
    );
    const stored = start.objects.at(-1)?.to ?? start.from;
    const next = legs[at + 1];
    if (until !== undefined && next !== undefined && stored >= until) {
      if (page?.end === undefined) {
        await makeIndex({ receiver, lineageId, segmentBytes: server.place.segmentBytes, timeline, start, notBefore }).close({
          lsn: lsnText(until),
          nextTimeline: next.timeline,
        });
      }
      continue;
    }
    const from = leg.from < stored ? leg.from : stored;
    await streamOverGap(receiver, server, lineageId, { timeline, from, keptFrom, start, notBefore, isLast: next === undefined }, reason);
    if (context.signal.aborted) {
      return;
    }
  }
};

// Why WAL is missing, if it is.
const reasonOf = ({ gapReason, plan }: Receiver, { slot, place }: AskedServer, lineage: Lineage): WalGapReason => {
  if (gapReason !== undefined) {
    return gapReason;
  }
  if (slot?.isLost === true) {
    return 'SlotInvalidated';
  }
  if (slot === undefined && plan.slotDropped !== undefined && newestTime(lineage) < Date.parse(plan.slotDropped.time)) {
    return plan.slotDropped.reason;
  }
  return place.timeline === archivePlace(lineage).timeline ? 'SlotLost' : 'Failover';
};

// When the archive was written last.
const newestTime = ({ document, pages, tails }: Lineage): number =>
  Math.max(...[document, ...pages, ...tails].map(({ createdTime }) => Date.parse(createdTime)));

type LegStart = Pick<LegOptions, 'timeline' | 'from' | 'keptFrom' | 'start' | 'notBefore'>;

// With the oldest WAL that the slot keeps, where nothing is stored that it could go on with.
const anewFrom = (keptFrom: bigint): Pick<LegStart, 'from' | 'keptFrom' | 'start'> => ({
  from: keptFrom,
  keptFrom,
  start: startOf(undefined, undefined, keptFrom),
});

// Streams a timeline. Where the server has removed WAL that the archive lacks, that is a gap with a name, and the archive goes on behind it.
const streamOverGap = async (
  receiver: Receiver,
  server: AskedServer,
  lineageId: string,
  leg: LegStart & { isLast: boolean },
  reason: WalGapReason,
): Promise<void> => {
  const { timeline, start } = leg;
  const stored = start.objects.at(-1)?.to ?? start.from;
  try {
    await streamFrom(receiver, server, lineageId, leg);
    return;
  } catch (error) {
    const hasGotOn = receiver.reached?.timeline === leg.timeline && receiver.reached.stored > stored;
    if (!(error instanceof EngineError) || error.code !== 'WalRemoved' || hasGotOn) {
      throw error;
    }
    receiver.context.log.error('WAL is missing that the server has removed', { lineageId, timeline: leg.timeline, reason, error });
  }
  const { archive, patient, context } = receiver;
  const { segmentBytes, flushed } = server.place;
  await makeIndex({ ...leg, receiver, lineageId, segmentBytes }).close();
  await storeGap(patient, archive, { lineageId, now: context.now() }, { timeline, from: stored, serverLsn: flushed, reason });
  receiver.gapReason = undefined;
  if (leg.isLast) {
    const { keptFrom } = await ensureSlot(receiver.plan, { ...server, slot: { isActive: false, isLost: false } }, context.signal);
    await streamFrom(receiver, server, lineageId, { ...leg, ...anewFrom(keptFrom) });
  }
};

const streamFrom = async (receiver: Receiver, server: AskedServer, lineageId: string, leg: LegStart): Promise<void> => {
  const { place, session } = server;
  const isCurrent = leg.timeline === place.timeline;
  const end = await streamLeg({
    receiver,
    session,
    lineageId,
    segmentBytes: place.segmentBytes,
    ...leg,
    isCurrent,
    ...(receiver.plan.mode === 'Once' && isCurrent ? { goal: place.flushed } : {}),
  });
  if (end.kind === 'left' && isCurrent) {
    // It was promoted meanwhile: the next connection goes on with its new timeline.
    throw new EngineError('SourceUnreachable', 'The server has gone on to another timeline.', { retryable: true });
  }
};
