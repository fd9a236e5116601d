// How long each step took.
import type { Restore } from '../../api/objects.ts';
import { durationText } from '../common/figures.ts';
import { oneLine } from '../common/printable.ts';

// `quiesce 2s, undo under 1s, resume 5s`. Nothing where no step was measured.
export const phasesText = ({ status }: Pick<Restore, 'status'>): string =>
  (status?.phases ?? []).map(({ name, seconds }) => oneLine(`${name} ${durationText(seconds * 1000)}`)).join(', ');
