// The functions and names of quantized tensors that stand in the namespace `torch` itself.
export { perChannelAffine, perChannelSymmetric, perTensorAffine, perTensorSymmetric, qint8, quint8, type QDType, type QScheme } from './qdtype'; // prettier-ignore
export {
  dequantize, quantizePerChannel, quantizePerTensor, QuantizedTensor, type QuantizePerChannelOptions,
  type QuantizePerTensorOptions,
} from './quantizedTensor'; // prettier-ignore
export {
  fakeQuantizePerChannelAffine, fakeQuantizePerTensorAffine, type FakeQuantizePerChannelOptions,
  type FakeQuantizePerTensorOptions,
} from './rounding'; // prettier-ignore
