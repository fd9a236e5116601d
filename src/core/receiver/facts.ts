// A WAL receiver as decisions see it: its Deployment, the pod of that, and what the pod prints.
import type { ReceiveResult, WalLine } from '../../api/agent.ts';

export type ReceiverFacts = {
  component: string;
  // Of the Deployment.
  name: string;
  uid: string;
  // False: the name is taken by a Deployment that we did not make for this policy.
  ours: boolean;
  deleting: boolean;
  // It was made from what the policy says now.
  upToDate: boolean;
  // Somebody set its replicas to 0.
  scaledDown: boolean;
  // When any of its containers was heard last; before that, since when this operator listens.
  aliveTime: number;
  // Absent: there is none.
  pod?: ReceiverPod;
  // What the container that runs now has printed. Absent: nothing yet.
  heard?: Heard;
};

export type ReceiverPod =
  // `message`: why it has not started, where that is known.
  | { state: 'Waiting'; message?: string }
  | { state: 'Running'; startTime: number }
  // It ended, and is started again after a while. No result: `message` says what is known.
  | { state: 'Ended'; result?: ReceiveResult; message: string };

export type Heard = {
  line: WalLine;
  // When its mark came first, by the clock of the operator.
  markSince: number;
};
