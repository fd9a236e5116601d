// One cell of the matrix.
import type { Fault } from './faults/fault.ts';
import { boundSeconds, endsOf } from './ends.ts';
import type { Phase, PhaseName } from './phases.ts';

export type Verdict = 'passed' | 'failed' | 'cannot be' | 'not run';

export type Cell = {
  fault: string;
  phase: PhaseName;
  verdict: Verdict;
  // How it may end.
  expected: string[];
  ended?: string;
  // From the fault to that end, and the most that it may take.
  seconds?: number;
  boundSeconds?: number;
  // Manifests of the run on the first tier, and how the run after it ended.
  manifests?: number;
  next?: string;
  remarks?: string[];
};

export const unrun = (fault: Fault, phase: Phase): Cell => {
  const why = fault.cannotBe?.[phase.name];
  const base = { fault: fault.name, phase: phase.name };
  return why === undefined
    ? { ...base, verdict: 'not run', expected: endsOf(fault, phase) }
    : { ...base, verdict: 'cannot be', expected: [], remarks: [why] };
};

export type Seen = {
  isHeld: boolean;
  ended?: { text: string; seconds: number };
  manifests: number;
  next: string | undefined;
  expectedNext: string;
  wrong: string[];
  remarks: string[];
};

// A cell has passed when all of it holds; what does not is said.
export const judgeCell = (fault: Fault, phase: Phase, seen: Seen): Cell => {
  const expected = endsOf(fault, phase);
  const bound = boundSeconds(phase);
  const { ended, next } = seen;
  const complaints = [
    ...(seen.isHeld ? [] : ['the run did not come to this phase']),
    ...(ended === undefined ? [`no end within ${bound} s`] : []),
    ...(ended !== undefined && !expected.includes(ended.text) ? ['another end was due'] : []),
    ...(ended !== undefined && ended.seconds > bound ? [`it took longer than ${bound} s`] : []),
    ...(seen.manifests > 1 ? [`${seen.manifests} manifests of one slot`] : []),
    ...(ended?.text.startsWith('Complete') === true && seen.manifests !== 1 ? ['Complete without a manifest'] : []),
    ...(next === seen.expectedNext ? [] : [`the next run: ${next ?? 'no end'}`]),
    ...seen.wrong,
  ];
  return {
    fault: fault.name,
    phase: phase.name,
    verdict: complaints.length === 0 ? 'passed' : 'failed',
    expected,
    ...(ended === undefined ? {} : { ended: ended.text, seconds: ended.seconds }),
    boundSeconds: bound,
    manifests: seen.manifests,
    ...(next === undefined ? {} : { next }),
    remarks: [...complaints, ...seen.remarks],
  };
};
