// What helps to find out why a network does not do what it should.
export { compareDevices, type CompareDevicesOptions, type Divergence } from './compareDevices';
