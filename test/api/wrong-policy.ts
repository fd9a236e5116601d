// How wrong resources are made: a right one, and one mistake in it.
import { type Loose, rightPolicy } from './right-inputs.ts';

export type WrongInput = {
  name: string;
  object: Loose;
  // Where it is wrong, and what to do.
  says: string[];
  // What the answer must not repeat.
  hides?: string;
  // Applied first and accepted: the fault is the change.
  before?: Loose;
  // Says it in other words under server-side apply.
  saysServerSide?: string[];
};

// A right policy with one mistake.
export const wrongPolicy = (name: string, says: string[], mistake: (policy: Loose) => void, more: Partial<WrongInput> = {}): WrongInput => {
  const object = rightPolicy();
  mistake(object);
  return { name, object, says, ...more };
};
