// The reason in a run's conditions for the category in which its Job failed.
import type { Category } from '../../api/categories.ts';
import type { ConditionReason } from '../../api/conditions.ts';

const reasonOfCategory: Record<Category, ConditionReason> = {
  None: 'Failed',
  Source: 'SourceFailed',
  Repository: 'RepositoryFailed',
  Verification: 'VerificationFailed',
  Configuration: 'ConfigurationFailed',
  InsufficientSpace: 'InsufficientSpace',
  Start: 'StartFailed',
  Deadline: 'DeadlineExceeded',
  Interrupted: 'Interrupted',
  Internal: 'InternalError',
};

export const reasonOf = (category: Category): ConditionReason => reasonOfCategory[category];
