// torch.ao.quantization: networks whose numbers are 8-bit integers.
export { DynamicQuantizedLinear, quantizeDynamic, type QuantizeDynamicOptions } from './dynamic';
export { HistogramObserver, type HistogramObserverOptions } from './histogramObserver';
export {
  MinMaxObserver, MovingAverageMinMaxObserver, MovingAveragePerChannelMinMaxObserver, Observer, PerChannelMinMaxObserver, RangeObserver,
  type MovingAverageObserverOptions, type MovingAveragePerChannelObserverOptions, type ObserverOptions,
  type PerChannelObserverOptions, type Qparams,
} from './observer'; // prettier-ignore
