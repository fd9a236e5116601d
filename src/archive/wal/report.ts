// Tells how far the receiver is, and not too often.
import { lsnText } from '../../api/lsn.ts';
import type { WalLine } from '../../api/agent.ts';
import type { Receiver } from './receiver.ts';

const leastMilliseconds = 10_000;

// Prints a line when some time has passed since the last one, or when a tier begins or ceases to follow.
export const reporter = (receiver: Receiver, lineageId: string, timeline: number): (() => void) => {
  let printedMilliseconds = Number.NEGATIVE_INFINITY;
  let troubles = '';
  return () => {
    const { reached, context, followers } = receiver;
    const state = followers.state();
    const now = performance.now();
    const codes = state.map(({ code = '' }) => code).join(' ');
    if (reached === undefined || (now - printedMilliseconds < leastMilliseconds && codes === troubles)) {
      return;
    }
    printedMilliseconds = now;
    troubles = codes;
    const line: WalLine = {
      kind: 'wal',
      time: context.now().toISOString(),
      lineageId,
      timeline,
      storedLsn: lsnText(reached.stored),
      acknowledgedLsn: lsnText(reached.acknowledged),
      ...(reached.markMilliseconds === undefined ? {} : { markTime: new Date(reached.markMilliseconds).toISOString() }),
      followers: state,
    };
    context.report(line);
  };
};
