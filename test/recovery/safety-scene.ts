// A repository with a backup in it, a volume that is more than half full, and how far a restore in place has come on it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecoverUndoPlan } from '../../src/api/recover.ts';
import { copiesOf } from '../../src/archive/recovery/safety/copies.ts';
import { copyAside } from '../../src/archive/recovery/verb/copy-aside.ts';
import { beginWork, putInPlace, removeOld } from '../../src/archive/recovery/volume/attempt.ts';
import type { FromStore } from '../../src/archive/recovery/volume/bring-back.ts';
import { readState, writeMarker } from '../../src/archive/recovery/volume/marker.ts';
import type { State } from '../../src/archive/recovery/volume/marker.ts';
import { placeOf } from '../../src/archive/recovery/volume/place.ts';
import type { Place } from '../../src/archive/recovery/volume/place.ts';
import type { Store } from '../../src/stores/store.ts';
import { backUp, backupId, filesOf, inFolder, watched } from '../archive/repository.ts';
import type { Policy } from '../archive/repository.ts';
import { silent } from '../engines/agent-run.ts';
import { oldDirectory, smallVolume } from './small-volume.ts';
import { recoverPlan, testContext, treeHash, uid } from './volume-restores.ts';
import type { World } from './world.ts';

export const oldMebibytes = 6;
export const marker = {
  uid,
  planned: { name: 'db', hash: '0123456789abcdef', target: 'there', backupId: 'x', fetchBytes: 1, lost: 'nothing' },
  restored: { reachedLsn: '0/1', timeline: 2, systemId: '1' },
};

let folders = 0;

export type Scene = Awaited<ReturnType<typeof makeScene>>;

// A repository with one backup in it, and a volume that is more than half full.
export const makeScene = async (keys: Policy, wrap: (store: Store) => Store = (store) => store) => {
  folders += 1;
  const policy = await inFolder(keys, `repository-${folders}`);
  await backUp(policy, backupId(1));
  const volume = smallVolume(oldMebibytes + 3);
  const place = placeOf({ uid }, { kind: 'inPlace', path: 'deep/pgdata', mountPath: volume });
  mkdirSync(join(volume, 'deep'));
  writeFileSync(join(volume, 'neighbour'), 'is never touched');
  oldDirectory(place.target, oldMebibytes);
  const { tier, signingKeyFile, verificationKey, identity } = policy;
  const identityFile = join(policy.directory, 'identity.txt');
  writeFileSync(identityFile, `${identity.identity}\n`);
  const world = { directory: join(policy.directory, 'local'), identityFile, verificationKey } as World;
  const target = { kind: 'inPlace' as const, claimName: 'data-0', path: 'deep/pgdata', runAs: { user: 0, group: 0 }, mountPath: volume };
  const request = {
    ...recoverPlan(world, { target, keep: 'Required', safety: { recipients: [identity.recipient], signingKeyFile, isLastTry: true } }),
    clusterId: 'cluster-a',
    target,
  };
  const { settled: _settled, point: _point, planHash: _hash, keep: _keep, safety: _safety, ...common } = request;
  const undoPlan: RecoverUndoPlan = { ...common, mode: 'Undo', target, copies: { tier: tier('local'), identityFile } };
  const from = (): FromStore => ({ copies: copiesOf(undoPlan, watched(wrap)), owner: undefined, context: testContext });
  const store = wrap(policy.store());
  const copy = (changes: object = {}) =>
    copyAside({ request: { ...request, ...changes }, place, store, identities: [identity.identity], context: testContext });
  const stored = (): string[] => [...filesOf(policy).keys()].filter((key) => key.startsWith('safety/')).toSorted();
  return { policy, place, before: treeHash(volume), from, copy, stored, store };
};

export const begun = async ({ place }: Scene): Promise<void> => beginWork(place, true, undefined);
export const copiedOnly = async (scene: Scene): Promise<void> => {
  await begun(scene);
  await scene.copy();
};
export const removed = async (scene: Scene): Promise<void> => {
  await copiedOnly(scene);
  await removeOld(scene.place);
};
export const building = async (scene: Scene): Promise<void> => {
  await removed(scene);
  newDirectory(scene.place);
};
export const built = async (scene: Scene): Promise<void> => {
  await building(scene);
  await writeMarker(scene.place.data, marker);
};
export const done = async (scene: Scene): Promise<void> => {
  await built(scene);
  await putInPlace(options(scene.place));
};
export const newDirectory = ({ data }: Place): void => {
  mkdirSync(join(data, 'base'), { recursive: true, mode: 0o700 });
  writeFileSync(join(data, 'PG_VERSION'), '17\n');
  writeFileSync(join(data, 'base/new'), Buffer.alloc(5 * 1024 ** 2, 7));
};
export const options = (place: Place) => ({ place, keep: 'Required' as const, log: silent });
export const state = async ({ place }: Scene): Promise<State> => (await readState(place)) as State;
