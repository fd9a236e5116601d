// Reads the TAP that ava prints, line by line.

export type Counts = { passed: number; failed: number; skipped: number; planned: number | undefined };

export type TapEvent =
  | { kind: 'passed'; title: string }
  | { kind: 'skipped'; title: string }
  // `details` are the lines that say what went wrong.
  | { kind: 'failed'; title: string; details: string[] };

const testLine = /^(not )?ok \d+ - (.*?)( # (SKIP|TODO)\b.*)?$/;
const planLine = /^1\.\.(\d+)/;

// Feeds on lines; calls back once for each test, with the whole of a failure.
export const tapReader = (onEvent: (event: TapEvent) => void): { line: (text: string) => void; end: () => Counts } => {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, planned: undefined };
  let failure: { title: string; details: string[] } | undefined;

  const endFailure = (): void => {
    if (failure !== undefined) {
      onEvent({ kind: 'failed', ...failure });
      failure = undefined;
    }
  };

  const onTest = (bad: boolean, title: string, note: string | undefined): void => {
    if (note !== undefined) {
      counts.skipped += 1;
      onEvent({ kind: 'skipped', title });
    } else if (bad) {
      counts.failed += 1;
      failure = { title, details: [] };
    } else {
      counts.passed += 1;
      onEvent({ kind: 'passed', title });
    }
  };

  return {
    line: (text) => {
      const test = testLine.exec(text);
      const plan = planLine.exec(text);
      if (test !== null || plan !== null) {
        endFailure();
      }
      if (test !== null) {
        onTest(test[1] !== undefined, test[2] ?? '', test[3]);
      } else if (plan !== null) {
        counts.planned = Number(plan[1]);
      } else if (failure !== undefined && text.startsWith(' ')) {
        failure.details.push(text);
      }
    },
    end: () => {
      endFailure();
      return counts;
    },
  };
};

export const endedWell = 'exit code 0';

// What a run says that its tests do not: that it crashed, or ran nothing. Each such thing counts as one failed test.
export const hiddenFailure = (counts: Counts, ended: string): string | undefined => {
  const { passed, failed, skipped, planned } = counts;
  if (planned === undefined || planned !== passed + failed + skipped) {
    return `the run ended before it was through: ${ended}`;
  }
  if (failed > 0) {
    return undefined;
  }
  if (ended !== endedWell) {
    return `no test failed, but the run ended badly: ${ended}`;
  }
  return passed === 0 ? 'the run ran no test' : undefined;
};
