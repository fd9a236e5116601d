// The tiers that must have WAL before the server may remove it, in the order of the policy: never none. The first one is written first.
import type { PolicySpec } from '../../api/policy.ts';
import type { WalArchive } from '../../api/postgresql.ts';

// By default the primary.
export const acknowledgingTiers = ({ tiers }: Pick<PolicySpec, 'tiers'>, { acknowledge }: Pick<WalArchive, 'acknowledge'>): string[] =>
  tiers.map(({ name }) => name).filter((name, at) => (acknowledge.length === 0 ? at === 0 : acknowledge.includes(name)));
