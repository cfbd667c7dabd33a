/** The columns of an export when the person chose none. */

/** Field paths from a task run, in the order of the file. Ids stand beside names, because names are not unique. */
export const defaultColumns = [
  'id',
  'name',
  'task_key',
  'state_type',
  'state_name',
  'expected_start_time',
  'start_time',
  'end_time',
  'total_run_time',
  'run_count',
  'tags',
  'flow_run_id',
  'flow_run.name',
  'flow_run.flow_id',
  'flow_run.flow.name',
  'flow_run.deployment_id',
  'flow_run.deployment.name',
  'created',
  'updated',
] as const;
