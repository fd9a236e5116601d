// The list of a doctor: ✓ is well, ✗ is a problem, ? could not be checked.
import type { Io } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import type { Examination } from './doctor.ts';
import type { Finding, State } from './finding.ts';

const marks: Record<State, string> = { Ok: '✓', Problem: '✗', Unknown: '?' };
const colourOf = { Ok: 'green', Problem: 'red', Unknown: 'yellow' } as const;
const checkWidth = 13;

export const doctorPage = (examinations: Examination[], { colours }: Pick<Io, 'colours'>): string => {
  const line = ({ check, state, says, next }: Finding): string => {
    const mark = colours[colourOf[state]](marks[state]);
    const advice = next === undefined ? '' : `${' '.repeat(checkWidth + 4)}${colours.bold('Next:')} ${oneLine(next)}\n`;
    return `  ${mark} ${check.padEnd(checkWidth)}${oneLine(says)}\n${advice}`;
  };
  const parts = examinations.map(({ subject, findings }) => `${colours.bold(subject)}\n${findings.map(line).join('')}`);
  return `${parts.join('\n')}\n${summary(examinations.flatMap(({ findings }) => findings))}\n`;
};

const summary = (findings: Finding[]): string => {
  const count = (state: State): number => findings.filter((finding) => finding.state === state).length;
  const [problems, unknowns] = [count('Problem'), count('Unknown')];
  if (problems + unknowns === 0) {
    return `All ${findings.length} checks are well.`;
  }
  return `${findings.length} checks: ${count('Ok')} well, ${problems} ${problems === 1 ? 'problem' : 'problems'}, ${unknowns} could not be checked.`;
};
