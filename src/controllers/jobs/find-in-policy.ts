// Parts of a policy by their names. Decisions name only what is there; anything else is a fault of ours.
import type { BackupPolicy } from '../../api/objects.ts';
import type { Component } from '../../api/policy.ts';
import type { Tier } from '../../api/tier.ts';

export const findTier = ({ spec }: BackupPolicy, name: string): Tier => {
  const tier = spec.tiers.find((each) => each.name === name);
  if (tier === undefined) {
    throw new TypeError(`The policy has no tier "${name}"`);
  }
  return tier;
};

export const findComponent = ({ spec }: BackupPolicy, name: string | undefined): Component => {
  const component = spec.components.find((each) => each.name === name);
  if (component === undefined) {
    throw new TypeError(`The policy has no component "${name}"`);
  }
  return component;
};

export const primaryOf = ({ spec }: BackupPolicy): Tier => {
  const [primary] = spec.tiers;
  if (primary === undefined) {
    throw new TypeError('The policy has no tier');
  }
  return primary;
};
