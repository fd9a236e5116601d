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

// The n-th look at the Backup sees its n-th status.
export const statuses = (scene: Scene, ...steps: BackupStatus[]): void => {
  let look = 0;
  scene.intercept = (request) => {
    const backup = scene.objects['backups']?.[0];
    if (request.startsWith('GET backups/') && backup !== undefined) {
      backup['status'] = steps[Math.min(look, steps.length - 1)];
      look += 1;
    }
    return undefined;
  };
};

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
