// torch.profiler: where time and memory go.
export { profile, type Profile, type ProfileOptions } from './profile';
export { recordFunction, type RecordFunction } from './recordFunction';
export { schedule, ProfilerAction, type Schedule, type ScheduleOptions } from './schedule';
export type { EventList, FunctionEventAvg, KeyAveragesOptions, SortKey, TableOptions } from './averages';
export type { MemoryCategory, MemoryEvent, MemoryHolder, MemoryPeak } from './memory';
export type { ModuleCall } from '../base/moduleCalls';
export type { Span } from './trace';
