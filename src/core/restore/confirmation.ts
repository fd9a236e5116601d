// Whether the one who asks has said that the data there may be replaced. The API server's admission checks it too; this needs no admission.
import type { Restore } from '../../api/objects.ts';
import { isInPlace } from './targets.ts';

// What is wrong with the confirmation, with the next step. Undefined: nothing, or none is needed.
export const confirmationProblem = ({ metadata, spec }: Restore): string | undefined => {
  const wanted = `${metadata.namespace}/${spec.source.policyRef.name}`;
  return !isInPlace({ spec }) || spec.confirmation === wanted
    ? undefined
    : `spec.confirmation says "${spec.confirmation ?? ''}", and the data of ${wanted} would be replaced. Create another Restore with confirmation: ${wanted}, if that is meant.`;
};
