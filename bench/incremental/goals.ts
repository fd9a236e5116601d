// What the project wants to reach, and whether this run did.
import { atMost, ratio } from '../common/goals.ts';
import type { Goal } from '../common/goals.ts';
import type { Summary } from '../common/summary.ts';

export const goalsOf = (summaries: readonly Summary[]): Goal[] =>
  (['directory', 's3'] as const).flatMap((target) => {
    const [ours, theirs] = ['holdfast', 'pgbackrest-block'].map((name) =>
      summaries.find((each) => each.name === name && each.target === target),
    );
    return [
      ...atMost(`stored bytes ÷ pgBackRest, ${target}`, ratio(ours?.bytes.median, theirs?.bytes.median), 0.55),
      ...atMost(`wall ÷ pgBackRest, ${target}`, ratio(ours?.seconds.median, theirs?.seconds.median), 1),
    ];
  });
