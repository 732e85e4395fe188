// Every unit test and every conformance case runs in the checking mode; CHECKING=off for those that measure.
import { startChecking } from '../../src/device/checking';

if (process.env.CHECKING !== 'off') startChecking();
