// Lines, endings, figures and colours: what people see besides tables.
import test from 'ava';
import { createColors } from 'picocolors';
import { endingOf, endingText } from '../../src/commands/backup/ending.ts';
import { progressText } from '../../src/commands/backup/progress.ts';
import { manualBackupName } from '../../src/commands/backup/request.ts';
import { distanceText, durationText, sizeText, timeText } from '../../src/commands/common/figures.ts';
import { wantsColour } from '../../src/commands/common/io.ts';
import { oneLine, printable } from '../../src/commands/common/printable.ts';
import { renderTable } from '../../src/commands/common/table.ts';
import { readableLine } from '../../src/commands/logs/readable.ts';
import { isOfComponent, titleOf } from '../../src/commands/logs/stored-name.ts';
import { makeBackup } from '../core/fixtures.ts';
import { colours } from './capture.ts';
import { completeBackup, condition, now, partialBackup, runningBackup } from './examples.ts';

const line = (value: object) => readableLine(JSON.stringify(value), colours);

test('lines of logs for people', (t) => {
  t.is(
    line({
      level: 'info',
      message: 'Ended a step',
      kind: 'log',
      verb: 'dump',
      policy: 'shop/shop',
      step: 'dump base.tar',
      seconds: 1.25,
      time: '2026-11-22T02:00:03.123Z',
    }),
    '2026-11-22T02:00:03.123Z INFO  Ended a step step="dump base.tar" seconds=1.25',
  );
  t.is(
    line({ kind: 'progress', time: '2026-11-22T02:00:03Z', phase: 'dump base.tar', bytes: 12_000_000 }),
    '2026-11-22T02:00:03Z INFO  dump base.tar: 12 MB',
  );
  t.is(
    line({
      kind: 'result',
      time: '2026-11-22T02:00:03Z',
      verb: 'dump',
      outcome: 'Failed',
      category: 'Source',
      code: 'SourceUnreachable',
      message: 'No route.',
      phases: [{ name: 'preflight', seconds: 1 }],
    }),
    '2026-11-22T02:00:03Z ERROR Failed: No route. category=Source code=SourceUnreachable',
  );
  t.is(readableLine('panic: \u001b[31mred', colours), 'panic: �[31mred');
  t.is(readableLine('{"cut', colours), '{"cut');
});

const of = (what: string) => `logs/20261122T020000Z-full-3f9a1c04/20261122T020001Z-${what}.jsonl`;

test('stored logs have the titles of the pods that wrote them', (t) => {
  t.is(titleOf(of('dump-shop-db-1')), 'dump shop-db');
  t.is(titleOf(of('dump-shop-db-3')), 'dump shop-db 3');
  t.is(titleOf(of('seal')), 'seal');
  t.is(titleOf(of('copy-cloud')), 'copy cloud');
  t.true(isOfComponent(of('dump-shop-db-3'), 'shop-db'));
  t.false(isOfComponent(of('dump-shop-db-3'), 'shop'));
  t.false(isOfComponent(of('seal'), 'seal'));
});

test('how a run ended, or that it waits for a person', (t) => {
  t.is(endingOf(runningBackup()), undefined);
  t.is(endingOf(makeBackup()), undefined);
  t.deepEqual(endingOf(completeBackup()), {});
  t.is(endingText(completeBackup(), colours), 'Complete: 118 MB in 2m 10s, restorable to 2026-11-22T02:00:03Z. Copies: cloud (Sealed).\n');
  const failed = endingOf(partialBackup())?.error;
  t.is(failed?.exitCode, 1);
  t.is(failed?.code, 'PartiallyFailed');
  t.is(failed?.next, 'Mend what the message names; the next slot tries again.');
  const waits = endingOf(
    makeBackup({
      conditions: [
        condition('Succeeded', 'Unknown', 'ComponentMissing', 'no "x"'),
        condition('Stalled', 'True', 'ComponentMissing', 'no "x"'),
      ],
    }),
  )?.error;
  t.is(waits?.code, 'ComponentMissing');
  t.is(waits?.message, 'waits for a person: no "x"');
});

test('progress of a run', (t) => {
  t.deepEqual(progressText(runningBackup(), now), {
    steady: 'Running: 0 of 2 components dumped · db: dump base.tar',
    moving: '12 MB, 1m 30s',
  });
  t.deepEqual(progressText(makeBackup(), now), { steady: 'Pending', moving: '' });
  // The last progress of a dump says nothing of sealing.
  const sealing = runningBackup();
  t.deepEqual(progressText({ ...sealing, status: { ...sealing.status, phase: 'Verifying' } }, now), {
    steady: 'Verifying: 0 of 2 components dumped',
    moving: '1m 30s',
  });
});

test('names of backups made by hand always fit', (t) => {
  t.is(manualBackupName('shop', now), 'shop-manual-20261122051230');
  t.true(manualBackupName('x'.repeat(32), now).length <= 63);
});

test('figures', (t) => {
  t.is(sizeText(undefined), 'unknown');
  t.is(sizeText(0), '0 B');
  t.is(timeText('2026-11-22T02:00:03.999Z'), '2026-11-22T02:00:03Z');
  t.is(timeText('nonsense'), 'unknown');
  t.is(durationText(999), 'under 1s');
  t.is(durationText(93_784_999), '1d 2h');
  t.is(distanceText('2026-11-22T05:12:31Z', now), 'in 1s');
  t.is(distanceText('2026-11-22T05:12:29Z', now), '1s ago');
  t.is(distanceText(undefined, now), 'unknown');
});

test('what comes from outside cannot drive the terminal', (t) => {
  t.is(printable('a\u0007b\u009bc\u202ed\te\n'), 'a�b�c�d\te\n');
  t.is(oneLine(' a\n\tb\u001b[1A '), 'a b�[1A');
});

const table = (cell: (text: string) => string) =>
  renderTable(
    {
      head: ['A', 'B'],
      rows: [
        [cell('long cell'), 'x'],
        ['s', ''],
      ],
    },
    { colours },
  );

test('columns line up with colours as without, and no line ends with blanks', (t) => {
  const { red } = createColors(true);
  t.is(table(String), 'A           B\nlong cell   x\ns\n');
  // oxlint-disable-next-line no-control-regex
  t.is(table(red).replaceAll(/\u001b\[\d+m/g, ''), table(String));
});

test('colours only on a terminal, and as NO_COLOR and FORCE_COLOR say', (t) => {
  const terminal = { isTTY: true };
  t.true(wantsColour(terminal, {}));
  t.false(wantsColour({}, {}));
  t.false(wantsColour(terminal, { TERM: 'dumb' }));
  t.false(wantsColour(terminal, { NO_COLOR: '1' }));
  t.true(wantsColour(terminal, { NO_COLOR: '' }));
  t.true(wantsColour({}, { FORCE_COLOR: '1' }));
  t.false(wantsColour(terminal, { FORCE_COLOR: '0' }));
  t.false(wantsColour(terminal, { NO_COLOR: '1', FORCE_COLOR: '1' }));
});
