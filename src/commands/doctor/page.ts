// The list of a doctor.
import { findingLine } from '../common/finding-line.ts';
import type { Io } from '../common/io.ts';
import type { Examination } from './doctor.ts';
import type { Finding, State } from './finding.ts';

export const doctorPage = (examinations: Examination[], { colours }: Pick<Io, 'colours'>): string => {
  const parts = examinations.map(
    ({ subject, findings }) => `${colours.bold(subject)}\n${findings.map((finding) => findingLine(finding, colours)).join('')}`,
  );
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
