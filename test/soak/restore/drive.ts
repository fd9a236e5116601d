// One fault in one phase of one Restore: hold, break, let go, watch, mend, compare the data, look for what is left, restore once more.
import { setTimeout as pause } from 'node:timers/promises';
import type { Restore } from '../../../src/api/objects.ts';
import { findCondition } from '../../../src/core/plan/conditions.ts';
import { kubectl, mustKubectl } from '../../cluster/kubectl.ts';
import { boundSeconds, judge } from './cell.ts';
import type { RestoreCell, Seen } from './cell.ts';
import { fingerprintOf, spoil } from './data.ts';
import type { RestoreFault } from './faults.ts';
import { holdRestore, lookAtServer } from './hold.ts';
import { leftOf } from './leftovers.ts';
import type { RestorePhase } from './phases.ts';
import { allUp } from './scene.ts';
import type { RestoreFaultScene } from './scene.ts';
import { removeFolders } from './volume.ts';

type Say = (line: string) => void;

const upSeconds = 120;
const recordSeconds = 120;
const calmSeconds = 30;

export const tryRestoreFault = async (
  scene: RestoreFaultScene,
  fault: RestoreFault,
  phase: RestorePhase,
  say: Say,
): Promise<RestoreCell> => {
  const { shop } = scene;
  await untilUp(scene);
  const old = await spoil(shop);
  const name = `met-${fault.name}-${phase.name}`;
  const held = await holdRestore(scene, phase, name);
  say(held.isHeld ? 'held' : 'did not come to its phase');
  const ended = await breakAndWatch(scene, fault, held, say);
  if (phase.fails === true) {
    await lookAtServer(scene, true);
  }
  const seen: Seen = { isHeld: held.isHeld, wrong: [], remarks: [], ...(ended === undefined ? {} : { ended }) };
  if (ended !== undefined) {
    await untilUp(scene);
    seen.data = compare(await fingerprintOf(shop), old, scene.wanted.fingerprint);
    const restore = await untilRecorded(scene, name);
    seen.wrong = await leftAtLast(scene, restore);
    seen.remarks = ended.text === 'Complete' ? [] : [messageOf(restore)];
    say(`${ended.text} after ${ended.seconds} s, the tables hold the ${seen.data} state`);
  }
  const next = await restoreOnceMore(scene, `${name}-next`);
  return judge(fault, phase, { ...seen, next: next.text, wrong: [...seen.wrong, ...(await tidy(scene))] });
};

const compare = (now: string, old: string, wanted: string): NonNullable<Seen['data']> =>
  now === wanted ? 'wanted' : now === old ? 'old' : 'neither';

const breakAndWatch = async (
  scene: RestoreFaultScene,
  fault: RestoreFault,
  held: Awaited<ReturnType<typeof holdRestore>>,
  say: Say,
): Promise<Seen['ended']> => {
  const began = Date.now();
  try {
    await fault.inject(scene, held);
    say('broken');
  } finally {
    held.release();
  }
  const mended = fault.lastsSeconds === undefined ? undefined : pause(fault.lastsSeconds * 1000).then(() => fault.heal(scene));
  const text = await untilEnded(scene, held.name);
  const seconds = Math.round((Date.now() - began) / 1000);
  await (mended ?? fault.heal(scene));
  return text === undefined ? undefined : { text, seconds };
};

const untilEnded = async ({ shop }: RestoreFaultScene, name: string): Promise<string | undefined> => {
  const end = Date.now() + boundSeconds * 1000;
  while (Date.now() < end) {
    const { code, stdout } = await kubectl(shop.inNamespace('get', 'restore', name, '-o', 'json', '--request-timeout=10s'));
    const status = code === 0 ? (JSON.parse(stdout) as Restore).status : undefined;
    if (status?.endTime !== undefined) {
      return status.phase === 'Complete' ? 'Complete' : `${status.phase} (${findCondition(status.conditions, 'Succeeded')?.reason})`;
    }
    await pause(1500);
  }
  return undefined;
};

// The record of a Restore is written after its end.
const untilRecorded = async ({ shop }: RestoreFaultScene, name: string): Promise<Restore> => {
  const end = Date.now() + recordSeconds * 1000;
  for (;;) {
    const restore = await shop.read(name);
    const { state } = restore.status?.audit ?? {};
    if ((state !== undefined && state !== 'Writing') || Date.now() > end) {
      return restore;
    }
    await pause(1000);
  }
};

// A Job says a little later than its pod that it has ended.
const leftAtLast = async (scene: RestoreFaultScene, restore: Restore): Promise<string[]> => {
  const end = Date.now() + calmSeconds * 1000;
  for (;;) {
    const left = await leftOf(scene, restore);
    if (left.length === 0 || Date.now() > end) {
      return left;
    }
    await pause(1000);
  }
};

const messageOf = ({ status }: Restore): string => (findCondition(status?.conditions, 'Succeeded')?.message ?? 'no message').slice(0, 240);

// The server answers, and the application has its pods.
const untilUp = async ({ shop, namespace }: RestoreFaultScene): Promise<void> => {
  const limit = `--timeout=${upSeconds}s`;
  await mustKubectl(['rollout', 'status', 'statefulset/postgres', '-n', namespace, limit]);
  await mustKubectl(['rollout', 'status', 'deployment/web', '-n', namespace, limit]);
  const replicas = await shop.replicas();
  if (replicas !== allUp) {
    throw new Error(`The workloads have ${replicas} replicas, not ${allUp}.`);
  }
};

const restoreOnceMore = async (scene: RestoreFaultScene, name: string): Promise<{ text: string | undefined }> => {
  const { shop, wanted } = scene;
  await shop.restore(name, { pointInTime: { time: wanted.time }, safetyBackup: 'Skip' });
  const text = await untilEnded(scene, name);
  if (text !== 'Complete') {
    return { text };
  }
  await untilUp(scene);
  return { text: (await fingerprintOf(shop)) === wanted.fingerprint ? text : 'Complete, with other data' };
};

// The next fault finds nothing of this one. Ended Restores go at once: nothing holds them.
const tidy = async ({ namespace, volume }: RestoreFaultScene): Promise<string[]> => {
  const { code, stderr } = await kubectl(['delete', 'restores.holdfast.dev', '--all', '-n', namespace, '--wait', '--timeout=90s']);
  removeFolders(volume);
  return code === 0 ? [] : [`its Restores do not go: ${stderr.trim().slice(0, 200)}`];
};
