// Whoever the files belong to has a name in the pod: PostgreSQL refuses to work as a user without one, and an image knows only its own.
import { annotation } from '../../api/group.ts';
import type { RecoverRequest } from '../../core/jobs/request.ts';
import type { Mounted } from './secret-volume.ts';

// The pod's own annotation as a file: nothing has to be made for it.
export const users: Mounted = {
  volume: {
    name: 'users',
    downwardAPI: { items: [{ path: 'passwd', fieldRef: { fieldPath: `metadata.annotations['${annotation.passwd}']` } }] },
  },
  mount: { name: 'users', mountPath: '/etc/passwd', subPath: 'passwd', readOnly: true },
};

// Undefined: the pod restores into no directory.
export const userAnnotations = (recover: RecoverRequest | undefined): Record<string, string> | undefined => {
  const { mode, directory } = recover ?? {};
  return mode !== 'Restore' || directory === undefined ? undefined : { [annotation.passwd]: passwdOf(directory.runAs) };
};

const passwdOf = ({ user, group }: { user: number; group: number }): string =>
  ['root:x:0:0:root:/root:/bin/sh', `postgres:x:${user}:${group}:postgres:/tmp:/bin/sh`, ''].join('\n');
