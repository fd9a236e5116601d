// What the steps of a restore into a server are given.
import type { Store } from '../../../stores/store.ts';
import type { RecoveryContext } from '../context.ts';
import type { OpenLink } from '../open-link.ts';
import type { ServerTarget } from '../request.ts';

export type Run = { store: Store; link: OpenLink; target: ServerTarget; context: RecoveryContext; fetchBytes: number };
