// Whose backups an adopted policy reads besides its own, by its annotation.
import { annotation } from '../../api/group.ts';
import { labelPattern } from '../../api/label-pattern.ts';
import type { BackupPolicy } from '../../api/objects.ts';

const longestLabel = 63;

const isLabel = (text: string): boolean => text.length <= longestLabel && labelPattern.test(text);

// Undefined where nothing is said, or nothing that could be a policy.
export const readsOf = ({ metadata }: Pick<BackupPolicy, 'metadata'>): { namespace: string; name: string } | undefined => {
  const [namespace = '', name = '', ...rest] = (metadata.annotations?.[annotation.reads] ?? '').split('/');
  return rest.length === 0 && isLabel(namespace) && isLabel(name) ? { namespace, name } : undefined;
};
