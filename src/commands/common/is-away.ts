// Whether the API server does not answer, or not as one that works: what an answer of it would have said is not known then.
import { KubeError } from '../../kube/errors.ts';

export const isAway = (error: unknown): error is KubeError => error instanceof KubeError && (error.status === 0 || error.status >= 500);
