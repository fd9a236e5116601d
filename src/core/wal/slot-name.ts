// The replication slot of a component.
import type { WalArchive } from '../../api/postgresql.ts';

const longestName = 63;
const hashDigits = 8;

// What the policy says, or a name made from its own: the same for every receiver of the component, in whichever cluster. The slot is their lock.
// A name that is too long for PostgreSQL is cut and told apart by its hash.
export const slotNameOf = (
  { slotName }: Pick<WalArchive, 'slotName'>,
  { namespace, policy, component }: { namespace: string; policy: string; component: string },
  hash: (text: string) => string,
): string => {
  // The API server takes no longer one; a status could not hold it either.
  if (slotName !== undefined && slotName.length <= longestName) {
    return slotName;
  }
  const whole = `holdfast_${namespace}_${policy}_${component}`.replaceAll('-', '_');
  return whole.length <= longestName
    ? whole
    : `${whole.slice(0, longestName - hashDigits - 1)}_${hash(`${namespace}/${policy}/${component}`)}`;
};
