// Tries one fault on runs in several phases at once: hold, break, let go, watch, mend, a further run of each policy, look for what is left.
import { setTimeout as pause } from 'node:timers/promises';
import { mustKubectl } from '../cluster/kubectl.ts';
import { explain, startBackup } from '../e2e/support/objects.ts';
import { judgeCell, unrun } from './cell.ts';
import type { Cell } from './cell.ts';
import { boundSeconds, endOf, success } from './ends.ts';
import type { Fault } from './faults/fault.ts';
import { leftInCluster, leftInStore, strangeSecrets } from './leftovers.ts';
import type { Leftovers } from './leftovers.ts';
import type { Phase } from './phases.ts';
import { holdAll } from './runs.ts';
import type { Run } from './runs.ts';
import type { Scene } from './scene.ts';
import { hasJobEnded, look, watchFor } from './watch.ts';
import type { Snapshot } from './watch.ts';

type Say = (line: string) => void;
type End = { text: string; seconds: number };
// A run, how it ended, and the run after it.
type Story = { run: Run; isHeld: boolean; ended?: End; next?: Run; nextEnded?: string };

const nextSeconds = 300;
// Copies and readings that failed wait before they are tried again.
const calmSeconds = 300;

export const tryFault = async (scene: Scene, fault: Fault, phases: Phase[], say: Say): Promise<Cell[]> => {
  const possible = phases.filter(({ name }) => fault.cannotBe?.[name] === undefined);
  const impossible = phases.filter((phase) => !possible.includes(phase)).map((phase) => unrun(fault, phase));
  const tell: Say = (line) => say(`${fault.name}: ${line}`);
  const runs = await holdAll(scene, possible);
  const stories: Story[] = runs.map((run) => ({ run, isHeld: run.isHeld }));
  tell(`held ${stories.filter(({ isHeld }) => isHeld).length} of ${stories.length}`);
  await breakAndWatch(scene, fault, stories, tell);
  await watchFor(scene.namespace, calmSeconds, ({ jobs }) => (jobs.every(hasJobEnded) ? true : undefined));
  const cells = await judgeAll(scene, fault, stories);
  await tidy(scene, tell);
  return [...cells, ...impossible];
};

const breakAndWatch = async (scene: Scene, fault: Fault, stories: Story[], tell: Say): Promise<void> => {
  const began = Date.now();
  await fault.inject(
    scene,
    stories.map(({ run }) => run),
  );
  tell('broken');
  // Letting go may need an API server that is away until the fault is mended.
  const released = Promise.allSettled(stories.map(({ run }) => run.release()));
  let isMended = false;
  const mend = async (): Promise<void> => {
    await fault.heal(scene);
    isMended = true;
    tell('mended');
  };
  const mended = fault.lastsSeconds === undefined ? undefined : pause(fault.lastsSeconds * 1000).then(mend);
  await watchRuns(scene, fault, stories, { began, isMended: () => isMended, tell });
  await (mended ?? mend());
  await released;
  await watchRuns(scene, fault, stories, { began, isMended: () => true, tell });
};

type Watch = { began: number; isMended: () => boolean; tell: Say };

// Watches until every run has ended; once the fault is mended, also until the run after each has.
const watchRuns = async (scene: Scene, fault: Fault, stories: Story[], watch: Watch): Promise<void> => {
  const { began, isMended } = watch;
  const most = Math.max(0, ...stories.map(({ run }) => boundSeconds(run.phase) - (Date.now() - began) / 1000));
  const idle = await watchFor(scene.namespace, isMended() ? nextSeconds + most : most, (seen) => {
    const lasting = fault.lastsSeconds === undefined && !isMended();
    stories.forEach((story) => note(story, seen, lasting, watch));
    const waiting = isMended() ? stories.filter(({ ended, next }) => ended !== undefined && next === undefined) : [];
    const isDone = ({ ended, nextEnded }: Story): boolean => (isMended() ? nextEnded : ended) !== undefined;
    return waiting.length > 0 || stories.every(isDone) ? waiting : undefined;
  });
  if (idle !== undefined && idle.length > 0) {
    await startNext(scene, idle);
    await watchRuns(scene, fault, stories, watch);
  }
};

const note = (story: Story, seen: Snapshot, lasting: boolean, { began, tell }: Watch): void => {
  const { run, next } = story;
  const text = story.ended === undefined ? endOf(run, seen, lasting) : undefined;
  if (text !== undefined) {
    story.ended = { text, seconds: Math.max(0, Math.round((Date.now() - (run.reachedAt ?? began)) / 1000)) };
    tell(`${run.phase.name}: ${text}, ${story.ended.seconds} s`);
  }
  const nextText = next === undefined || story.nextEnded !== undefined ? undefined : endOf(next, seen, false);
  if (nextText !== undefined) {
    story.nextEnded = nextText;
  }
};

const startNext = async ({ namespace }: Scene, stories: Story[]): Promise<void> => {
  await Promise.all(
    stories.map(async (story) => {
      const { phase } = story.run;
      story.next = { phase, backup: await startBackup(namespace, phase.name), isHeld: true, release: () => Promise.resolve() };
    }),
  );
};

const judgeAll = async (scene: Scene, fault: Fault, stories: Story[]): Promise<Cell[]> => {
  const seen = await look(scene.namespace);
  if (seen === undefined) {
    throw new Error('The API server does not answer.');
  }
  const secrets = await strangeSecrets(scene);
  return Promise.all(
    stories.map(async ({ run, isHeld, ended, nextEnded }) => {
      const { phase } = run;
      const backup = seen.backups.find(({ metadata }) => metadata.name === run.backup);
      const first = await leftInStore(scene, phase, 'first');
      const tiers: Leftovers[] = [first, ...(phase.tiers === 2 ? [await leftInStore(scene, phase, 'second')] : [])];
      const own = `data/${backup?.status?.backupId}/`;
      const abandoned = tiers.flatMap((tier) => tier.abandoned).filter((path) => path.startsWith(own));
      const cell = judgeCell(fault, phase, {
        isHeld,
        ...(ended === undefined ? {} : { ended }),
        manifests: first.manifests.filter((id) => id === backup?.status?.backupId).length,
        next: nextEnded,
        expectedNext: success(phase.name),
        wrong: [...leftInCluster(seen, phase), ...tiers.flatMap(({ wrong }) => wrong), ...secrets],
        remarks: abandoned.length === 0 ? [] : [`left for prune: ${abandoned.map((path) => path.slice(own.length)).join(', ')}`],
      });
      if (cell.verdict === 'failed' && backup !== undefined) {
        console.error(explain(backup));
      }
      return cell;
    }),
  );
};

// The next fault finds no runs of this one. Ended Backups have no finalizer, so they go at once.
const tidy = async ({ namespace }: Scene, tell: Say): Promise<void> => {
  const began = Date.now();
  await mustKubectl(['delete', 'backups.holdfast.dev', '--all', '-n', namespace, '--wait', '--timeout=120s']);
  tell(`its Backups were gone in ${Math.round((Date.now() - began) / 1000)} s`);
};
