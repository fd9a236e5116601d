// The custom resources, as paths of the API.
import { group, version } from '../../api/group.ts';
import type { Resource } from '../../kube/resource.ts';

export const backupPolicies: Resource = { group, version, plural: 'backuppolicies', kind: 'BackupPolicy' };
export const backups: Resource = { group, version, plural: 'backups', kind: 'Backup' };
export const restores: Resource = { group, version, plural: 'restores', kind: 'Restore' };
export const secrets: Resource = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret' };
export const services: Resource = { group: '', version: 'v1', plural: 'services', kind: 'Service' };
export const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' };
