// torch.profiler: where time and memory go.
export { profile, type Profile, type ProfileOptions } from './profile';
export { recordFunction, type RecordFunction } from './recordFunction';
export { schedule, ProfilerAction, type Schedule, type ScheduleOptions } from './schedule';
export type { EventList, FunctionEventAvg, KeyAveragesOptions, SortKey, TableOptions } from './averages';
export type { ModuleCall, Span } from './trace';
