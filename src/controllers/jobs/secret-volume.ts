// Keys of a Secret as files that only the agent's group can read.
import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';

export type Mounted = { volume: V1Volume; mount: V1VolumeMount };

export type Key = { key: string; path: string };

export const secretMode = 0o440;

export const secretVolume = (name: string, secretName: string, items: Key[], directory: string, optional = false): Mounted => ({
  volume: { name, secret: { secretName, items, defaultMode: secretMode, ...(optional ? { optional } : {}) } },
  mount: { name, mountPath: directory, readOnly: true },
});

// The files `username` and `password`.
export const login = (name: string, directory: string, ref: { name: string; usernameKey: string; passwordKey: string }): Mounted => {
  const items = [
    { key: ref.usernameKey, path: 'username' },
    { key: ref.passwordKey, path: 'password' },
  ];
  return secretVolume(name, ref.name, items, directory);
};
