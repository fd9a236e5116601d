// Where each component of a Restore goes.
import type { BackupPolicy, Restore } from '../../api/objects.ts';
import type { RestoreComponent, RestoreTarget } from '../../api/restore.ts';
import type { RestoreStage } from '../../api/restore-status.ts';

// A component with its target: exactly one of the three.
export type Wanted = { name: string; target: RestoreTarget };

const longestClaimName = 253;

// The components that a Restore covers. Default: all of the policy, each into a new claim.
export const wantedComponents = ({ spec }: Restore, policy: BackupPolicy): Wanted[] =>
  (spec.components ?? policy.spec.components.map(({ name }): RestoreComponent => ({ name }))).map(({ name, target }) => ({
    name,
    target: target ?? newVolume,
  }));

// What the schema fills in where a target says `volume: {}`.
const newVolume: RestoreTarget = { volume: { path: 'pgdata', runAs: { user: 999, group: 999 } } };

export const wantedTarget = (restore: Restore, policy: BackupPolicy, component: string): RestoreTarget =>
  wantedComponents(restore, policy).find(({ name }) => name === component)?.target ?? newVolume;

// The claim that a component is restored into; undefined for a server.
export const targetClaim = ({ metadata }: Restore, { name, target }: Wanted): string | undefined =>
  target.inPlace?.claimName ??
  (target.volume === undefined ? undefined : (target.volume.claimName ?? `${metadata.name}-${name}`.slice(0, longestClaimName)));

// Whether it replaces something that is there.
export const isInPlace = ({ spec }: { spec: Pick<Restore['spec'], 'source' | 'components'> }): boolean =>
  spec.source.restoreRef !== undefined || (spec.components ?? []).some(({ target }) => target?.inPlace !== undefined);

// Whether workloads have to stop.
export const stopsWorkloads = (restore: Pick<Restore, 'spec'>): boolean => isInPlace(restore) || restore.spec.quiesce !== undefined;

// A new volume of known size overwrites nothing and stops nothing: its plan need not be read first.
export const needsPlan = (restore: Restore, policy: BackupPolicy): boolean =>
  restore.spec.requireApproval ||
  stopsWorkloads(restore) ||
  wantedComponents(restore, policy).some(({ target }) => target.volume?.size === undefined);

// Which stage a Restore begins with, and which one follows the plan.
export const firstStage = (restore: Restore, planned: boolean): RestoreStage =>
  restore.spec.source.restoreRef !== undefined ? 'Quiescing' : planned ? 'Planning' : 'Restoring';

export const afterPlanning = (restore: Restore): RestoreStage => (restore.spec.requireApproval ? 'Approving' : afterApproval(restore));

export const afterApproval = (restore: Restore): RestoreStage => (stopsWorkloads(restore) ? 'Quiescing' : 'Restoring');
