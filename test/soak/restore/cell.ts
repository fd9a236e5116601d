// One cell of the matrix of Restores.
import type { Verdict } from '../cell.ts';
import type { RestoreFault } from './faults.ts';
import { deadlines } from './scene.ts';
import type { RestorePhase, RestorePhaseName } from './phases.ts';

export type RestoreCell = {
  fault: string;
  phase: RestorePhaseName;
  verdict: Verdict;
  // How it may end. `Failed`: for whatever reason.
  expected: string[];
  ended?: string;
  // From the fault to that end.
  seconds?: number;
  // What the tables hold afterwards.
  data?: 'wanted' | 'old' | 'neither';
  // How the Restore after it ended.
  next?: string;
  remarks?: string[];
};

export const endsOf = ({ ends }: RestoreFault, { name, fails }: RestorePhase): string[] =>
  ends?.[name] ?? (fails === true ? ['Failed'] : ['Complete']);

// Two attempts at most, and the way back.
export const boundSeconds = deadlines.start + deadlines.recover + 120;

export const unrun = (fault: RestoreFault, phase: RestorePhase): RestoreCell => {
  const why = fault.cannotBe?.[phase.name];
  const base = { fault: fault.name, phase: phase.name };
  return why === undefined
    ? { ...base, verdict: 'not run', expected: endsOf(fault, phase) }
    : { ...base, verdict: 'cannot be', expected: [], remarks: [why] };
};

export type Seen = {
  isHeld: boolean;
  ended?: { text: string; seconds: number };
  data?: RestoreCell['data'];
  next?: string | undefined;
  wrong: string[];
  remarks: string[];
};

const fits = (text: string, expected: string[]): boolean => expected.some((each) => text === each || text.startsWith(`${each} (`));

// A cell has passed when all of it holds; what does not is said.
export const judge = (fault: RestoreFault, phase: RestorePhase, seen: Seen): RestoreCell => {
  const expected = endsOf(fault, phase);
  const { ended, data, next } = seen;
  const due = ended?.text === 'Complete' ? 'wanted' : 'old';
  const complaints = [
    ...(seen.isHeld ? [] : ['the restore did not come to this phase']),
    ...(ended === undefined ? [`no end within ${boundSeconds} s`] : []),
    ...(ended !== undefined && !fits(ended.text, expected) ? ['another end was due'] : []),
    ...(data === due
      ? []
      : [`the tables hold ${data === undefined ? 'nothing that can be read' : `the ${data} state`}, not the ${due} one`]),
    ...(next === 'Complete' ? [] : [`the next restore: ${next ?? 'no end'}`]),
    ...seen.wrong,
  ];
  return {
    fault: fault.name,
    phase: phase.name,
    verdict: complaints.length === 0 ? 'passed' : 'failed',
    expected,
    ...(ended === undefined ? {} : { ended: ended.text, seconds: ended.seconds }),
    ...(data === undefined ? {} : { data }),
    ...(next === undefined ? {} : { next }),
    remarks: [...complaints, ...seen.remarks],
  };
};
