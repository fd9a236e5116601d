// Claims of the tiers: there, bound, and with room for the next backup.
import { sizeText } from '../../common/figures.ts';
import { ok, problem, unknown, unread } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { claimsOf } from '../named-claims.ts';
import type { PolicyFacts } from '../read.ts';

export const checkVolumes = (facts: PolicyFacts): Finding[] => {
  const named = claimsOf(facts.policy);
  return named.length === 0 ? [] : [bound(facts), room(facts)];
};

const bound = ({ policy, claims }: PolicyFacts): Finding => {
  const check = 'claims';
  const { namespace } = policy.metadata;
  for (const { tier, claim, ours } of claimsOf(policy)) {
    const found = claims.get(claim);
    if (found === undefined || 'failure' in found) {
      return unread(check, found?.failure ?? `The claim "${claim}" was not read.`);
    }
    if (found.value === undefined) {
      return ours
        ? problem(
            check,
            `The claim "${claim}" of the tier "${tier}" is not there, and the operator makes it.`,
            'See whether the operator runs; it names what stops it: kubectl get events',
          )
        : problem(
            check,
            `The claim "${claim}" of the tier "${tier}" does not exist.`,
            `Create it in the namespace ${namespace}, or mend persistentVolumeClaim.claimName`,
          );
    }
    const { phase = 'Pending' } = found.value.status ?? {};
    if (phase !== 'Bound') {
      return problem(
        check,
        `The claim "${claim}" of the tier "${tier}" is ${phase}, not Bound.`,
        `kubectl describe pvc ${claim} -n ${namespace}`,
      );
    }
  }
  return ok(check, 'Every claim is bound.');
};

const most = 0.8;

const room = ({ policy }: PolicyFacts): Finding => {
  const check = 'room';
  const { tiers = [], latestBackup } = policy.status ?? {};
  for (const { tier, claim } of claimsOf(policy)) {
    const { capacityBytes, freeBytes } = tiers.find(({ name }) => name === tier) ?? {};
    const larger = `kubectl patch pvc ${claim} -n ${policy.metadata.namespace} -p '{"spec":{"resources":{"requests":{"storage":"…"}}}}', where its class allows it`;
    if (capacityBytes === undefined || freeBytes === undefined) {
      return unknown(
        check,
        `How full the volume of "${tier}" is was not measured yet.`,
        'Wait for the next reading: kubectl holdfast status',
      );
    }
    if (latestBackup !== undefined && freeBytes < latestBackup.bytes) {
      return problem(
        check,
        `The volume of "${tier}" has ${sizeText(freeBytes)} free; the newest backup took ${sizeText(latestBackup.bytes)}.`,
        larger,
      );
    }
    if (1 - freeBytes / capacityBytes > most) {
      return problem(
        check,
        `The volume of "${tier}" is ${Math.round((1 - freeBytes / capacityBytes) * 100)} % full (${sizeText(freeBytes)} free).`,
        larger,
      );
    }
  }
  return ok(check, 'Every volume has room for the next backup.');
};
