// Who asks, by the name that the API server knows them by: it stands in the Backup for whoever looks later.
import { KubeError } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Resource } from '../../kube/resource.ts';

const reviews: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  clusterWide: true,
};

type Review = KubeObject & { apiVersion: string; kind: string; status?: { userInfo?: { username?: string } } };

const longestName = 253;

// Undefined where the API server does not tell: the record is left out then, the backup is not.
export const requester = async (client: KubeClient): Promise<string | undefined> => {
  try {
    const asked: Review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const { status } = await client.create<Review>(reviews, asked);
    const name = status?.userInfo?.username ?? '';
    return name === '' || name.length > longestName ? undefined : name;
  } catch (error) {
    if (error instanceof KubeError) {
      return undefined;
    }
    throw error;
  }
};
