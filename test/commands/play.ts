// Plays a command against the API server of a scene.
import type { ExecutionContext } from 'ava';
import type { BackupStatus } from '../../src/api/backup.ts';
import { runHere } from './capture.ts';
import type { Outcome } from './capture.ts';
import { startApiServer } from './api-server.ts';
import type { Answer, Item, Scene } from './api-server.ts';
import { healthyPolicy } from './examples.ts';

export const items = (...objects: object[]): Item[] => structuredClone(objects) as Item[];

export type Play = {
  objects?: Scene['objects'];
  logs?: Scene['logs'];
  io?: NonNullable<Parameters<typeof runHere>[1]>;
  with?: (scene: Scene) => void;
};

export const play = async (
  t: ExecutionContext,
  args: string[],
  { objects, logs, io, with: prepare }: Play = {},
): Promise<Outcome & { scene: Scene }> => {
  const server = await startApiServer(objects ?? { backuppolicies: items(healthyPolicy()), backups: [], pods: [] }, logs);
  t.teardown(server.close);
  prepare?.(server.scene);
  const outcome = await runHere([...args, '--kubeconfig', server.kubeconfig], io);
  return { ...outcome, scene: server.scene };
};

// Who follows an object of a collection sees it in its first state, and then in the others by a watch.
export const states = (collection: string, scene: Scene, ...steps: object[]): void => {
  const first = (): Item | undefined => scene.objects[collection]?.[0];
  scene.intercept = (request) => {
    const item = first();
    if (request.startsWith(`GET ${collection}/`) && item !== undefined) {
      item['status'] = steps[0];
    }
    return undefined;
  };
  scene.changes = () => steps.slice(1).map((status) => ({ type: 'MODIFIED', object: { ...first(), status } }));
};

export const statuses = (scene: Scene, ...steps: BackupStatus[]): void => states('backups', scene, ...steps);

export const failing = (answerOf: Record<string, Answer>) => (scene: Scene) => {
  scene.intercept = (request) => Object.entries(answerOf).find(([start]) => request.startsWith(start))?.[1];
};

export const forbidden: Answer = {
  status: 403,
  body: {
    kind: 'Status',
    code: 403,
    reason: 'Forbidden',
    message: 'backups.holdfast.dev is forbidden: User "eve" cannot create resource "backups"',
  },
};
export const unavailable: Answer = {
  status: 503,
  body: { kind: 'Status', code: 503, reason: 'ServiceUnavailable', message: 'etcd is away' },
};
export const unknownPath: Answer = { status: 404 };
