// Makes the Restore that undoes another one.
import { apiVersion, label } from '../../api/group.ts';
import type { Restore } from '../../api/objects.ts';
import { hasReason } from '../../kube/errors.ts';
import type { Cluster } from '../common/cluster.ts';
import { refused } from '../common/errors.ts';
import { restores } from '../common/resources.ts';
import { undoName } from '../restores/names.ts';

const mostTries = 9;

type SecretRef = { name: string; key: string };

type NewRestore = {
  apiVersion: string;
  kind: 'Restore';
  metadata: { name: string; namespace: string; labels: Record<string, string> };
  spec: object;
};

// `opens`: the Secret with the identity that opens what lies in the store. Absent: that of the Restore itself.
export const undoOf = ({ metadata: { name, namespace }, spec }: Restore, number: number, opens?: SecretRef): NewRestore => ({
  apiVersion,
  kind: 'Restore',
  metadata: { name: undoName(name, number), namespace, labels: { [label.policy]: spec.source.policyRef.name } },
  spec: {
    source: { policyRef: spec.source.policyRef, restoreRef: { name }, ...(opens === undefined ? {} : { identitySecretRef: opens }) },
    confirmation: `${namespace}/${spec.source.policyRef.name}`,
  },
});

// One that is under way already is the one that is meant; one that has failed is left where it is.
export const createUndo = async ({ client }: Cluster, restore: Restore, opens?: SecretRef): Promise<{ made: Restore; new: boolean }> => {
  for (let number = 1; number <= mostTries; number += 1) {
    const wanted = undoOf(restore, number, opens);
    try {
      return { made: (await client.create<Restore | NewRestore>(restores, wanted)) as Restore, new: true };
    } catch (error) {
      const found = hasReason(error, 'AlreadyExists') ? await client.get<Restore>(restores, wanted.metadata) : undefined;
      if (found === undefined) {
        throw error;
      }
      if (found.spec.source.restoreRef?.name === restore.metadata.name && found.status?.endTime === undefined) {
        return { made: found, new: false };
      }
    }
  }
  throw refused(
    'AlreadyExists',
    `${mostTries} Restores that undo ${restore.metadata.name} are there already, and none brought it back.`,
    'See why they failed, and delete those that are not needed: kubectl get restores.holdfast.dev',
  );
};
