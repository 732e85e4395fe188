// Before the unit tests: the engine's binaries in build/ are those of the sources.
export { compileEngine as default } from '../../tools/engine';
