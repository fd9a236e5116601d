// Kinds of failure, with the exit code of an agent and what an operator of the system does about each.
export const categories = {
  None: { exitCode: 0, meaning: 'Nothing failed.' },
  Source: { exitCode: 68, meaning: 'The thing to back up could not be reached or read.' },
  Repository: { exitCode: 69, meaning: 'The store could not be reached, refused us, or is not ours.' },
  Verification: { exitCode: 65, meaning: 'Something stored is not what it should be.' },
  Configuration: { exitCode: 78, meaning: 'A person must change something: a Secret, a role, a field.' },
  InsufficientSpace: { exitCode: 73, meaning: 'The store has too little room.' },
  Start: { exitCode: 71, meaning: 'The pod could not start: image, volume, Secret, or no node with room.' },
  Deadline: { exitCode: 75, meaning: 'It took longer than its deadline.' },
  Interrupted: { exitCode: 143, meaning: 'It was stopped from outside.' },
  Internal: { exitCode: 70, meaning: 'A fault in Holdfast itself.' },
} as const;

export type Category = keyof typeof categories;

export const categoryNames = Object.keys(categories) as [Category, ...Category[]];
