// What came of an emergency restore: for people, and as one document for tools.
import type { Restore } from '../../api/objects.ts';
import type { CommandError } from '../common/errors.ts';
import { exitCode } from '../common/errors.ts';
import { durationText } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import { endingText } from '../restores/ending.ts';

export const reportText = (restore: Restore, colours: Colours): string => `${endingText(restore, colours)}${stepsText(restore, colours)}`;

// The measured RTO, step by step.
export const stepsText = ({ status }: Pick<Restore, 'status'>, { bold }: Colours): string => {
  const phases = status?.phases ?? [];
  if (phases.length === 0) {
    return '';
  }
  const width = Math.max(...phases.map(({ name }) => name.length));
  const { measuredSeconds: measured, objectiveSeconds: objective } = status?.rto ?? {};
  return [
    bold('RTO by step'),
    ...phases.map(({ name, seconds }) => `  ${oneLine(name).padEnd(width)}   ${durationText(seconds * 1000)}`),
    ...(measured === undefined ? [] : [`  ${'all'.padEnd(width)}   ${durationText(measured * 1000)}`]),
    ...(measured === undefined || objective === undefined ? [] : [leftText(objective - measured)]),
    '',
  ].join('\n');
};

const leftText = (leftSeconds: number): string =>
  leftSeconds >= 0 ? `RTO budget left ${durationText(leftSeconds * 1000)}` : `RTO budget exceeded by ${durationText(-leftSeconds * 1000)}`;

// `error`: how it ended, where it did not end well.
export const reportDocument = ({ metadata, spec, status = {} }: Restore, error: CommandError | undefined): object => ({
  restore: { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
  policy: `${metadata.namespace}/${spec.source.policyRef.name}`,
  verdict: verdictOf(error),
  ...(error === undefined ? {} : { reason: error.code, message: error.message, next: error.next }),
  ...(status.plan === undefined ? {} : { plan: status.plan }),
  phases: status.phases ?? [],
  ...(status.rto === undefined ? {} : { rto: status.rto }),
  components: status.components ?? [],
  ...(status.undo === undefined
    ? {}
    : {
        undo: {
          ...status.undo,
          ...(status.undo.state === 'Available'
            ? { command: `kubectl holdfast undo restore/${metadata.name} -n ${metadata.namespace}` }
            : {}),
        },
      }),
});

type Verdict = 'Complete' | 'Failed' | 'Refused' | 'Undetermined';

const verdictOf = (error: CommandError | undefined): Verdict => {
  if (error === undefined) {
    return 'Complete';
  }
  const verdicts: Partial<Record<number, Verdict>> = { [exitCode.refused]: 'Refused', [exitCode.undetermined]: 'Undetermined' };
  return verdicts[error.exitCode] ?? 'Failed';
};
